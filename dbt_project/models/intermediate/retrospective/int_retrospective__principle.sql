-- The figures that the three principles (三个只) look at, as in force at as_of.

with

rules as (

    select
        principle,
        measure,
        variant,
        form,
        basis,
        effective_from
    from {{ ref('principle_measure') }}
    where effective_from <= {{ as_of() }}

),

final as (

    select
        principle,
        measure,
        variant,
        form,
        basis
    from rules
    qualify row_number() over (
        partition by measure, variant, form, basis
        order by effective_from desc
    ) = 1

)

select
    principle,
    measure,
    variant,
    form,
    basis
from final
