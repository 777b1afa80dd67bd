-- The gates' thresholds in force on as_of: begun, not ended, and of several the last one that has
-- begun.

with

thresholds as (

    select
        gate,
        rule,
        measure,
        value,
        unit,
        effective_from,
        effective_to,
        source
    from {{ ref('gate_threshold') }}
    where effective_from <= {{ as_of() }}

),

latest as (

    select
        gate,
        rule,
        measure,
        value,
        unit,
        effective_from,
        effective_to,
        source
    from thresholds
    qualify row_number() over (
        partition by rule, measure
        order by effective_from desc
    ) = 1

),

final as (

    select
        gate,
        rule,
        measure,
        value,
        unit,
        effective_from,
        effective_to,
        source
    from latest
    where coalesce(effective_to >= {{ as_of() }}, true)

)

select
    gate,
    rule,
    measure,
    value,
    unit,
    effective_from,
    effective_to,
    source
from final
