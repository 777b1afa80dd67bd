-- The mechanisms that the district has filled in (every item with a figure and a weight), as in
-- force at as_of. The 531 mechanism has no public definition: nothing stands in for what is empty.

with

rules as (

    select
        mechanism,
        item_no,
        measure,
        variant,
        form,
        basis,
        scored_on,
        weight,
        threshold
    from {{ ref('mechanism_rule') }}
    where effective_from <= {{ as_of() }}
    qualify row_number() over (
        partition by mechanism, item_no
        order by effective_from desc
    ) = 1

),

final as (

    select
        mechanism,
        item_no,
        measure,
        variant,
        form,
        basis,
        scored_on,
        weight,
        threshold,
        count(*) over (partition by mechanism) as items
    from rules
    qualify bool_and(
        weight is not null and measure is not null and scored_on in ('value', 'attainment')
    ) over (partition by mechanism)

)

select
    mechanism,
    item_no,
    measure,
    variant,
    form,
    basis,
    scored_on,
    weight,
    threshold,
    items
from final
