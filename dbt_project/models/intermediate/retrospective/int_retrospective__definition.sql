-- What is counted along the stages, by the definitions in force at as_of: those of the funnel and
-- those that only the retrospective publishes.

with

funnel_definitions as (

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
        bases
    from {{ ref('int_funnel__definition') }}
    -- These variants stand in mart_funnel alone.
    where variant not in ('gross', 'all_filings')

),

own_definitions as (

    select
        metric,
        variant,
        denominator_stage,
        numerator_stage,
        keeps_withdrawn,
        amount_basis
    from {{ ref('retrospective_measure') }}
    where effective_from <= {{ as_of() }}
    qualify row_number() over (
        partition by metric, variant
        order by effective_from desc
    ) = 1

),

final as (

    select
        metric as measure,
        variant,
        kind,
        coalesce(denominator_stage, numerator_stage) as placing_stage,
        numerator_stage,
        within_months,
        maturity,
        population,
        keeps_withdrawn,
        amount_basis,
        bases
    from funnel_definitions

    union all

    select
        metric as measure,
        variant,
        'rate' as kind,
        denominator_stage as placing_stage,
        numerator_stage,
        cast(null as integer) as within_months,
        cast(null as varchar) as maturity,
        'ledger' as population,
        keeps_withdrawn,
        amount_basis,
        ['count', 'amount'] as bases
    from own_definitions

)

select
    measure,
    variant,
    kind,
    placing_stage,
    numerator_stage,
    within_months,
    maturity,
    population,
    keeps_withdrawn,
    amount_basis,
    bases
from final
