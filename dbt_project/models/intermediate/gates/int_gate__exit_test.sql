-- Every exit rule asked of every project: passed, failed or not applicable, from which day it
-- counts, when the limit was passed and by how much.

with

facts as (

    select
        project_id,
        is_leased,
        withdrawn_on,
        is_terminated,
        signed_on,
        filed_on,
        started_on,
        completed_on,
        produced_on,
        planned_investment,
        investment_cum,
        has_investment_report,
        planned_completion_date,
        agreed_start_date,
        agreed_completion_date,
        breach,
        has_agreement,
        last_permit_on,
        first_procedure_on,
        last_investment_on,
        silent_periods
    from {{ ref('int_gate__exit_fact') }}

),

parcels as (

    select
        project_id,
        land_supervision_no,
        company_name,
        agreed_start_date,
        idle_from,
        na_reason,
        idle_kind,
        completion_rate
    from {{ ref('int_gate__exit_parcel') }}

),

rules as (

    select
        rule,
        rule_no,
        rule_zh,
        rule_en,
        on_failure,
        change_zh,
        change_en,
        source,
        effective_from
    from {{ ref('int_gate__rule') }}
    where gate = 'exit'

),

thresholds as (

    select
        {{ gate_value('exit_filing_lapsed', 'months') }} as lapsed_months,
        {{ gate_value('exit_not_started', 'months') }} as not_started_months,
        {{ gate_value('exit_start_overdue', 'months') }} as overdue_months,
        {{ gate_value('exit_permit_void', 'months') }} as void_months,
        {{ gate_value('exit_land_idle', 'fee_months') }} as idle_months,
        {{ gate_value('exit_investment_behind', 'months') }} as behind_months,
        {{ gate_value('exit_investment_behind', 'share') }} as behind_share,
        {{ gate_value('exit_investment_stalled', 'periods') }} as stalled_periods

),

-- The parcel that has been idle longest speaks for the project.
worst_parcels as (

    select
        project_id,
        agreed_start_date,
        idle_from,
        na_reason,
        idle_kind,
        completion_rate
    from parcels
    qualify row_number() over (
        partition by project_id
        order by
            (idle_kind is not null) desc,
            (na_reason is null) desc,
            idle_from asc nulls last,
            land_supervision_no asc,
            company_name asc
    ) = 1

),

asked as (

    select
        facts.project_id,
        'exit_filing_lapsed' as rule,
        facts.filed_on as reference_on,
        {{ months_after("facts.filed_on", "thresholds.lapsed_months") }} as due_on,
        thresholds.lapsed_months as threshold,
        '月' as unit,
        cast(null as decimal(18, 6)) as value,
        cast(null as varchar) as text_value,
        case
            when facts.filed_on is null then 'not_filed'
            when thresholds.lapsed_months is null then 'no_threshold'
        end as na_reason,
        facts.started_on is null
        and facts.first_procedure_on is null
        and {{ as_of() }} > due_on as is_failed,
        cast(null as decimal(20, 4)) as missing
    from facts
    cross join thresholds

    union all

    select
        facts.project_id,
        'exit_not_started' as rule,
        coalesce(facts.filed_on, facts.signed_on) as reference_on,
        {{ months_after(
            "coalesce(facts.filed_on, facts.signed_on)", "thresholds.not_started_months"
        ) }} as due_on,
        thresholds.not_started_months as threshold,
        '月' as unit,
        cast(null as decimal(18, 6)) as value,
        cast(null as varchar) as text_value,
        case
            when coalesce(facts.filed_on, facts.signed_on) is null then 'not_signed'
            when thresholds.not_started_months is null then 'no_threshold'
        end as na_reason,
        facts.started_on is null and {{ as_of() }} >= due_on as is_failed,
        cast(null as decimal(20, 4)) as missing
    from facts
    cross join thresholds

    union all

    select
        facts.project_id,
        'exit_start_overdue' as rule,
        facts.agreed_start_date as reference_on,
        {{ months_after("facts.agreed_start_date", "thresholds.overdue_months") }} as due_on,
        thresholds.overdue_months as threshold,
        '月' as unit,
        cast(null as decimal(18, 6)) as value,
        cast(null as varchar) as text_value,
        case
            when facts.agreed_start_date is null then 'no_agreed_start'
            when thresholds.overdue_months is null then 'no_threshold'
        end as na_reason,
        facts.started_on is null and {{ as_of() }} >= due_on as is_failed,
        cast(null as decimal(20, 4)) as missing
    from facts
    cross join thresholds

    union all

    select
        facts.project_id,
        'exit_permit_void' as rule,
        facts.last_permit_on as reference_on,
        {{ months_after("facts.last_permit_on", "thresholds.void_months") }} as due_on,
        thresholds.void_months as threshold,
        '月' as unit,
        cast(null as decimal(18, 6)) as value,
        cast(null as varchar) as text_value,
        case
            when facts.is_leased then 'leased'
            when facts.last_permit_on is null then 'no_permit'
            when thresholds.void_months is null then 'no_threshold'
        end as na_reason,
        facts.started_on is null and {{ as_of() }} > due_on as is_failed,
        cast(null as decimal(20, 4)) as missing
    from facts
    cross join thresholds

    union all

    select
        facts.project_id,
        'exit_land_idle' as rule,
        worst_parcels.agreed_start_date as reference_on,
        worst_parcels.idle_from as due_on,
        thresholds.idle_months as threshold,
        '月' as unit,
        worst_parcels.completion_rate as value,
        worst_parcels.idle_kind as text_value,
        case
            when worst_parcels.project_id is null then 'no_parcel'
            else worst_parcels.na_reason
        end as na_reason,
        worst_parcels.idle_kind is not null as is_failed,
        cast(null as decimal(20, 4)) as missing
    from facts
    cross join thresholds
    left join worst_parcels on facts.project_id = worst_parcels.project_id

    union all

    select
        facts.project_id,
        'exit_investment_behind' as rule,
        coalesce(facts.agreed_completion_date, facts.planned_completion_date) as reference_on,
        {{ months_after(
            "coalesce(facts.agreed_completion_date, facts.planned_completion_date)",
            "thresholds.behind_months",
        ) }} as due_on,
        thresholds.behind_share as threshold,
        '比值' as unit,
        {{ exact_ratio("facts.investment_cum", "facts.planned_investment") }} as value,
        cast(null as varchar) as text_value,
        case
            when facts.started_on is null then 'not_started'
            when coalesce(facts.planned_investment, 0) = 0 then 'no_planned_investment'
            when coalesce(facts.agreed_completion_date, facts.planned_completion_date) is null
                then 'no_agreed_completion'
            when thresholds.behind_share is null or thresholds.behind_months is null
                then 'no_threshold'
        end as na_reason,
        {{ as_of() }} >= due_on
        and facts.investment_cum < thresholds.behind_share * facts.planned_investment
            as is_failed,
        cast(
            thresholds.behind_share * facts.planned_investment - facts.investment_cum
            as decimal(20, 4)
        ) as missing
    from facts
    cross join thresholds

    union all

    select
        facts.project_id,
        'exit_investment_stalled' as rule,
        coalesce(facts.last_investment_on, facts.started_on) as reference_on,
        cast(null as date) as due_on,
        thresholds.stalled_periods as threshold,
        '期' as unit,
        cast(facts.silent_periods as decimal(18, 6)) as value,
        cast(null as varchar) as text_value,
        case
            when facts.started_on is null then 'not_started'
            when coalesce(facts.completed_on, facts.produced_on) is not null then 'completed'
            when not facts.has_investment_report then 'no_investment_report'
            when thresholds.stalled_periods is null then 'no_threshold'
        end as na_reason,
        facts.silent_periods >= thresholds.stalled_periods as is_failed,
        cast(null as decimal(20, 4)) as missing
    from facts
    cross join thresholds

    union all

    select
        project_id,
        'exit_breach' as rule,
        cast(null as date) as reference_on,
        cast(null as date) as due_on,
        cast(null as decimal(18, 6)) as threshold,
        cast(null as varchar) as unit,
        cast(null as decimal(18, 6)) as value,
        breach as text_value,
        case when not has_agreement then 'no_agreement' end as na_reason,
        breach is not null as is_failed,
        cast(null as decimal(20, 4)) as missing
    from facts

),

answered as (

    select
        asked.project_id,
        asked.rule,
        asked.reference_on,
        asked.due_on,
        asked.threshold,
        asked.unit,
        asked.value,
        asked.text_value,
        -- Nothing is asked of a project that has left.
        case
            when facts.withdrawn_on is not null then 'withdrawn'
            when facts.is_terminated then 'terminated'
            else asked.na_reason
        end as na_reason,
        coalesce(asked.is_failed, false) as is_failed,
        asked.missing
    from asked
    inner join facts on asked.project_id = facts.project_id

),

final as (

    select
        answered.project_id,
        answered.rule,
        rules.rule_no,
        rules.rule_zh,
        rules.rule_en,
        case
            when answered.na_reason is not null then 'na'
            when answered.is_failed then 'fail'
            else 'pass'
        end as outcome,
        answered.na_reason,
        answered.reference_on,
        answered.due_on,
        case
            when answered.na_reason is null and answered.is_failed
                then cast({{ as_of() }} - answered.due_on as integer)
        end as days_over,
        answered.value,
        answered.text_value,
        cast(answered.threshold as decimal(18, 6)) as threshold,
        answered.unit,
        case
            when answered.na_reason is null and answered.is_failed then answered.missing
        end as missing,
        rules.on_failure,
        rules.change_zh,
        rules.change_en,
        rules.source as rule_source,
        rules.effective_from
    from answered
    inner join rules on answered.rule = rules.rule

)

select
    project_id,
    rule,
    rule_no,
    rule_zh,
    rule_en,
    outcome,
    na_reason,
    reference_on,
    due_on,
    days_over,
    value,
    text_value,
    threshold,
    unit,
    missing,
    on_failure,
    change_zh,
    change_en,
    rule_source,
    effective_from
from final
