-- The definitions in force at as_of: changed in the seed, never in SQL (metrics.md).

with

definitions as (

    select
        metric,
        variant,
        kind,
        nullif(denominator_stage, '') as denominator_stage,
        nullif(numerator_stage, '') as numerator_stage,
        within_months,
        nullif(maturity, '') as maturity,
        population,
        keeps_withdrawn,
        nullif(amount_basis, '') as amount_basis,
        bases,
        forms,
        "window" as window_kinds,
        effective_from
    from {{ ref('metric_definition') }}
    where effective_from <= {{ as_of() }}

),

final as (

    select
        metric,
        variant,
        kind,
        denominator_stage,
        numerator_stage,
        within_months,
        maturity,
        population,
        keeps_withdrawn,
        amount_basis,
        string_split(bases, ' ') as bases,
        string_split(forms, ' ') as forms,
        string_split(window_kinds, ' ') as window_kinds
    from definitions
    qualify row_number() over (
        partition by metric, variant
        order by effective_from desc
    ) = 1

)

select
    metric,
    variant,
    kind,
    denominator_stage,
    numerator_stage,
    within_months,
    maturity,
    population,
    keeps_withdrawn,
    amount_basis,
    bases,
    forms,
    window_kinds
from final
