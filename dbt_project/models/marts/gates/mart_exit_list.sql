with

projects as (

    select
        project_id,
        district_code,
        signing_row_no,
        project_code,
        uscc,
        project_name,
        company_name,
        reporting_unit,
        industry_section,
        size_band,
        is_in_ledger,
        register_current_stage,
        signed_investment,
        planned_investment,
        source,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_project') }}

),

facts as (

    select
        project_id,
        withdrawn_on,
        is_terminated,
        signed_on,
        filed_on,
        started_on,
        completed_on,
        produced_on,
        investment_cum,
        agreed_start_date,
        agreed_completion_date,
        breach,
        exit_action,
        exit_date,
        last_permit_on,
        last_works_on
    from {{ ref('int_gate__exit_fact') }}

),

tests as (

    select
        project_id,
        rule,
        rule_no,
        rule_zh,
        rule_en,
        reference_on,
        due_on,
        days_over,
        value,
        text_value,
        threshold,
        unit,
        missing,
        -- Nothing is allowed in an exit rule's words.
        cast(null as decimal(20, 4)) as allowed,
        on_failure,
        change_zh,
        change_en,
        rule_source,
        effective_from
    from {{ ref('int_gate__exit_test') }}
    where outcome = 'fail'

),

parcels as (

    select
        project_id,
        idle_kind,
        idle_fee
    from {{ ref('int_gate__exit_parcel') }}
    where idle_kind is not null

),

figures as (

    select
        project_id,
        source,
        file_sha256,
        sheet,
        row_number,
        column_name,
        value
    from {{ ref('int_gate__exit_figure') }}
    group by all

),

worded as (

    select
        project_id,
        rule,
        rule_no,
        days_over,
        on_failure,
        struct_pack(
            rule := rule,
            rule_zh := rule_zh,
            reference_on := reference_on,
            due_on := due_on,
            days_over := days_over,
            value := value,
            text_value := text_value,
            threshold := threshold,
            unit := unit,
            missing := missing,
            effective_from := effective_from,
            rule_source := rule_source
        ) as reason,
        rule_zh
        || coalesce('（' || text_value || '）', '')
        || coalesce('：自' || cast(reference_on as varchar) || '起', '')
        || coalesce('，已超' || cast(days_over as varchar) || '天', '')
        || case rule
            when 'exit_investment_behind'
                then '，完成' || {{ percent("value") }} || '%'
            when 'exit_investment_stalled'
                then '，连续' || {{ plain_number("value") }} || '期无投资'
            else ''
        end as reason_zh,
        rule_en
        || coalesce(' (' || text_value || ')', '')
        || coalesce(' since ' || cast(reference_on as varchar), '')
        || coalesce(', ' || cast(days_over as varchar) || ' days over', '')
        || case rule
            when 'exit_investment_behind'
                then ', ' || {{ percent("value") }} || ' % done'
            when 'exit_investment_stalled'
                then ', ' || {{ plain_number("value") }} || ' reports without investment'
            else ''
        end as reason_en,
        {{ worded_change("change_zh") }} as change_zh,
        {{ worded_change("change_en") }} as change_en
    from tests

),

reasons as (

    select
        project_id,
        count(*) as reason_count,
        max(days_over) as longest_days_over,
        bool_or(rule = 'exit_filing_lapsed') as is_filing_lapsed,
        bool_or(rule = 'exit_not_started') as is_long_not_started,
        bool_or(rule = 'exit_start_overdue') as is_start_overdue,
        bool_or(rule = 'exit_permit_void') as is_permit_void,
        bool_or(rule = 'exit_land_idle') as is_land_idle,
        bool_or(rule = 'exit_investment_behind') as is_investment_behind,
        bool_or(rule = 'exit_investment_stalled') as is_investment_stalled,
        bool_or(rule = 'exit_breach') as is_in_breach,
        list(rule order by rule_no, rule) as rules,
        list(reason order by rule_no, rule) as reasons,
        string_agg(reason_zh, '；' order by rule_no, rule) as reasons_zh,
        string_agg(reason_en, '; ' order by rule_no, rule) as reasons_en,
        string_agg(on_failure, '；' order by rule_no, rule) as suggested_zh,
        string_agg(change_zh, '；' order by rule_no, rule) as change_zh,
        string_agg(change_en, '; ' order by rule_no, rule) as change_en
    from worded
    group by project_id

),

idle as (

    select
        project_id,
        max(idle_kind) as idle_kind,
        cast(sum(idle_fee) as decimal(20, 4)) as idle_fee
    from parcels
    group by project_id

),

evidence as (

    select
        project_id,
        list({{ figure("figures") }} order by source, column_name, file_sha256, sheet, row_number)
            as evidence
    from figures
    group by project_id

),

final as (

    select
        projects.project_id,
        projects.district_code,
        projects.signing_row_no,
        projects.project_code,
        projects.uscc,
        projects.project_name,
        projects.company_name,
        coalesce(projects.reporting_unit, '未知') as reporting_unit,
        coalesce(projects.industry_section, '未知') as industry_section,
        coalesce(projects.size_band, '未知') as size_band,
        projects.is_in_ledger,
        projects.register_current_stage,
        facts.signed_on,
        facts.filed_on,
        facts.started_on,
        facts.completed_on,
        facts.produced_on,
        facts.agreed_start_date,
        facts.agreed_completion_date,
        facts.last_permit_on,
        facts.last_works_on,
        cast(projects.signed_investment as decimal(20, 4)) as signed_investment,
        cast(projects.planned_investment as decimal(20, 4)) as planned_investment,
        facts.investment_cum,
        cast(coalesce(reasons.reason_count, 0) as integer) as reason_count,
        coalesce(reasons.is_filing_lapsed, false) as is_filing_lapsed,
        coalesce(reasons.is_long_not_started, false) as is_long_not_started,
        coalesce(reasons.is_start_overdue, false) as is_start_overdue,
        coalesce(reasons.is_permit_void, false) as is_permit_void,
        coalesce(reasons.is_land_idle, false) as is_land_idle,
        coalesce(reasons.is_investment_behind, false) as is_investment_behind,
        coalesce(reasons.is_investment_stalled, false) as is_investment_stalled,
        coalesce(reasons.is_in_breach, false) as is_in_breach,
        reasons.longest_days_over,
        coalesce(reasons.rules, []) as rules,
        reasons.reasons_zh,
        reasons.reasons_en,
        reasons.suggested_zh,
        reasons.change_zh,
        reasons.change_en,
        idle.idle_kind,
        idle.idle_fee,
        facts.breach,
        facts.exit_action,
        facts.exit_date,
        -- How it ended, as far as the registers and the evidence of the stages say.
        case
            when facts.withdrawn_on is not null then '已撤出台账'
            when facts.is_terminated then '已终止'
            when facts.exit_action is null then '未处置'
            when facts.exit_date <= facts.produced_on then '处置后投产'
            when facts.exit_date <= facts.started_on then '处置后开工'
            when reasons.reason_count is null then '处置后无疑点'
            else '处置中'
        end as outcome,
        coalesce(
            facts.withdrawn_on,
            case when facts.exit_date <= facts.produced_on then facts.produced_on end,
            case when facts.exit_date <= facts.started_on then facts.started_on end
        ) as outcome_on,
        coalesce(reasons.reasons, []) as reasons,
        coalesce(evidence.evidence, []) as evidence,
        projects.source,
        projects.file_sha256,
        projects.sheet,
        cast(projects.row_number as bigint) as row_number,
        {{ as_of() }} as as_of,
        {{ known_on() }} as known_on
    from projects
    inner join facts on projects.project_id = facts.project_id
    left join reasons on projects.project_id = reasons.project_id
    left join idle on projects.project_id = idle.project_id
    left join evidence on projects.project_id = evidence.project_id
    where
        reasons.project_id is not null
        or facts.exit_action is not null
        or facts.breach is not null
        or facts.is_terminated

)

select
    project_id,
    district_code,
    signing_row_no,
    project_code,
    uscc,
    project_name,
    company_name,
    reporting_unit,
    industry_section,
    size_band,
    is_in_ledger,
    register_current_stage,
    signed_on,
    filed_on,
    started_on,
    completed_on,
    produced_on,
    agreed_start_date,
    agreed_completion_date,
    last_permit_on,
    last_works_on,
    signed_investment,
    planned_investment,
    investment_cum,
    reason_count,
    is_filing_lapsed,
    is_long_not_started,
    is_start_overdue,
    is_permit_void,
    is_land_idle,
    is_investment_behind,
    is_investment_stalled,
    is_in_breach,
    longest_days_over,
    rules,
    reasons_zh,
    reasons_en,
    suggested_zh,
    change_zh,
    change_en,
    idle_kind,
    idle_fee,
    breach,
    exit_action,
    exit_date,
    outcome,
    outcome_on,
    reasons,
    evidence,
    source,
    file_sha256,
    sheet,
    row_number,
    as_of,
    known_on
from final
