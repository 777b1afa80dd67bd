-- The gates' rules in force on as_of: of several versions the last one that has begun.

with

rules as (

    select
        gate,
        rule,
        rule_no,
        rule_zh,
        rule_en,
        comparison,
        on_failure,
        change_zh,
        change_en,
        effective_from,
        source
    from {{ ref('gate_rule') }}
    where effective_from <= {{ as_of() }}

),

final as (

    select
        gate,
        rule,
        rule_no,
        rule_zh,
        rule_en,
        comparison,
        on_failure,
        change_zh,
        change_en,
        effective_from,
        source
    from rules
    qualify row_number() over (
        partition by rule
        order by effective_from desc
    ) = 1

)

select
    gate,
    rule,
    rule_no,
    rule_zh,
    rule_en,
    comparison,
    on_failure,
    change_zh,
    change_en,
    effective_from,
    source
from final
