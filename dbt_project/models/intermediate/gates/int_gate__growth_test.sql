-- Every growth rule asked of every watched project: sales, tax, power and staff against the path to
-- the agreed figures, and whether a unit serves the firm.

with

terms as (

    select
        project_id,
        district_code,
        uscc,
        months_in_production,
        target_sales,
        target_tax,
        attained_sales,
        attained_tax
    from {{ ref('int_gate__terms') }}

),

projects as (

    select
        project_id,
        signing_row_no,
        withdrawn_on
    from {{ ref('int_project') }}

),

ramp as (

    select
        month_no,
        share
    from {{ ref('int_gate__growth_ramp') }}

),

power as (

    select
        project_id,
        mean_kwh,
        design_kwh,
        has_shared_meter
    from {{ ref('int_gate__growth_power') }}

),

staff as (

    select
        project_id,
        insured_headcount,
        planned_headcount
    from {{ ref('int_gate__growth_staff') }}

),

services as (

    select
        project_id,
        service_unit,
        is_current
    from {{ ref('int_gate__service_unit') }}

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
        effective_from,
        source
    from {{ ref('int_gate__rule') }}
    where gate = 'growth'

),

parameters as (

    select
        cast({{ gate_value('growth_watch', 'months') }} as integer) as watch_months,
        cast({{ gate_value('growth_watch', 'first_months') }} as integer) as first_months,
        {{ gate_value('growth_watch', 'tolerance') }} as tolerance

),

watched as (

    select
        terms.project_id,
        terms.months_in_production,
        terms.target_sales,
        terms.target_tax,
        terms.attained_sales,
        terms.attained_tax,
        ramp.share as expected_share,
        parameters.tolerance,
        case
            when terms.months_in_production < parameters.first_months then 'too_early'
            when ramp.share is null then 'no_threshold'
        end as na_reason
    from terms
    inner join projects on terms.project_id = projects.project_id
    cross join parameters
    left join ramp on terms.months_in_production = ramp.month_no
    where
        terms.months_in_production <= parameters.watch_months
        and coalesce(projects.withdrawn_on > {{ as_of() }}, true)

),

asked as (

    select
        project_id,
        'growth_sales' as rule,
        attained_sales as attained,
        target_sales as target,
        case
            when coalesce(target_sales, 0) = 0 then 'no_terms'
            when attained_sales is null then 'firm_unknown'
        end as na_reason
    from watched

    union all

    select
        project_id,
        'growth_tax' as rule,
        attained_tax as attained,
        target_tax as target,
        case
            when coalesce(target_tax, 0) = 0 then 'no_terms'
            when attained_tax is null then 'firm_unknown'
        end as na_reason
    from watched

    union all

    select
        watched.project_id,
        'growth_power' as rule,
        power.mean_kwh as attained,
        power.design_kwh as target,
        case
            when power.project_id is null then 'no_account'
            when power.has_shared_meter then 'shared_meter'
            when power.mean_kwh is null then 'no_report'
            when coalesce(power.design_kwh, 0) = 0 then 'no_capacity'
        end as na_reason
    from watched
    left join power on watched.project_id = power.project_id

    union all

    select
        watched.project_id,
        'growth_staff' as rule,
        staff.insured_headcount as attained,
        staff.planned_headcount as target,
        case
            when coalesce(staff.planned_headcount, 0) = 0 then 'no_terms'
            when staff.insured_headcount is null then 'no_report'
        end as na_reason
    from watched
    left join staff on watched.project_id = staff.project_id

),

shares as (

    select
        asked.project_id,
        asked.rule,
        cast(asked.attained as decimal(20, 4)) as attained,
        cast(asked.target as decimal(20, 4)) as target,
        coalesce(asked.na_reason, watched.na_reason) as na_reason,
        watched.expected_share,
        watched.tolerance,
        case
            when asked.na_reason is null
                then {{ exact_ratio(
                    "cast(asked.attained as decimal(20, 4))",
                    "cast(asked.target as decimal(20, 4))",
                ) }}
        end as share
    from asked
    inner join watched on asked.project_id = watched.project_id

),

tests as (

    select
        project_id,
        rule,
        cast(null as varchar) as text_value,
        attained,
        target,
        share,
        expected_share,
        na_reason,
        share >= expected_share - tolerance as is_passed,
        share >= expected_share + tolerance as is_ahead,
        cast(expected_share * target - attained as decimal(20, 4)) as missing
    from shares

    union all

    select
        watched.project_id,
        'growth_service' as rule,
        services.service_unit as text_value,
        cast(null as decimal(20, 4)) as attained,
        cast(null as decimal(20, 4)) as target,
        cast(null as decimal(18, 6)) as share,
        cast(null as decimal(18, 6)) as expected_share,
        case when services.project_id is null then 'no_milestones' end as na_reason,
        services.service_unit is not null and services.is_current as is_passed,
        false as is_ahead,
        cast(null as decimal(20, 4)) as missing
    from watched
    left join services on watched.project_id = services.project_id

),

final as (

    select
        tests.project_id,
        tests.rule,
        rules.rule_no,
        rules.rule_zh,
        rules.rule_en,
        tests.text_value,
        tests.attained,
        tests.target,
        tests.share,
        tests.expected_share,
        case
            when tests.na_reason is not null then 'na'
            when tests.is_passed then 'pass'
            else 'fail'
        end as outcome,
        tests.na_reason,
        coalesce(tests.na_reason is null and tests.is_ahead, false) as is_ahead,
        case
            when tests.na_reason is null and not tests.is_passed then rules.on_failure
        end as consequence,
        case when tests.na_reason is null and not tests.is_passed then tests.missing end as missing,
        rules.change_zh,
        rules.change_en,
        rules.effective_from,
        rules.source as rule_source
    from tests
    inner join rules on tests.rule = rules.rule

)

select
    project_id,
    rule,
    rule_no,
    rule_zh,
    rule_en,
    text_value,
    attained,
    target,
    share,
    expected_share,
    outcome,
    na_reason,
    is_ahead,
    consequence,
    missing,
    change_zh,
    change_en,
    effective_from,
    rule_source
from final
