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
        is_in_ledger,
        source,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_project') }}

),

terms as (

    select
        project_id,
        is_expansion,
        produced_on,
        months_in_production,
        target_sales,
        target_tax,
        base_sales,
        base_tax,
        trailing_sales,
        trailing_tax,
        attained_sales,
        attained_tax
    from {{ ref('int_gate__terms') }}

),

tests as (

    select
        project_id,
        rule,
        rule_no,
        rule_zh,
        rule_en,
        attained,
        target,
        share,
        expected_share,
        outcome,
        na_reason,
        is_ahead,
        consequence,
        missing,
        cast(null as decimal(20, 4)) as allowed,
        change_zh,
        change_en,
        effective_from,
        rule_source
    from {{ ref('int_gate__growth_test') }}

),

firm_projects as (

    select
        uscc,
        district_code,
        count(*) as firm_project_count
    from projects
    where uscc is not null
    group by uscc, district_code

),

agreements as (

    select
        district_code,
        signing_row_no,
        agreed_on_target_date
    from {{ ref('int_agreement__current') }}

),

on_targets as (

    select
        project_id,
        on_target_on
    from {{ ref('int_stage__on_target') }}
    where variant = 'main'

),

forecasts as (

    select
        project_id,
        forecast_points,
        forecast_on,
        forecast_earliest_on,
        forecast_latest_on,
        no_forecast_reason
    from {{ ref('int_gate__growth_forecast') }}

),

above_scale as (

    select
        project_id,
        above_scale_kind,
        above_scale_limit,
        above_scale_on,
        above_scale_state,
        above_scale_missing
    from {{ ref('int_gate__above_scale') }}

),

services as (

    select
        project_id,
        service_unit,
        is_current
    from {{ ref('int_gate__service_unit') }}

),

power as (

    select
        project_id,
        kwh_12m
    from {{ ref('int_gate__growth_power') }}

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
    from {{ ref('int_gate__growth_figure') }}

),

worded as (

    select
        project_id,
        rule,
        rule_no,
        attained,
        target,
        share,
        expected_share,
        outcome,
        is_ahead,
        consequence,
        missing,
        struct_pack(
            rule := rule,
            rule_zh := rule_zh,
            outcome := outcome,
            na_reason := na_reason,
            attained := attained,
            target := target,
            share := share,
            expected_share := expected_share,
            missing := missing,
            effective_from := effective_from,
            rule_source := rule_source
        ) as test,
        rule_zh
        || case
            when share is null then '未落实'
            else
                '已达' || {{ percent("share") }} || '%，应达'
                || {{ percent("expected_share") }} || '%'
        end as reason_zh,
        rule_en
        || case
            when share is null then ' not named'
            else
                ' ' || {{ percent("share") }} || ' %, path '
                || {{ percent("expected_share") }} || ' %'
        end as reason_en,
        {{ worded_change("change_zh") }} as change_zh,
        {{ worded_change("change_en") }} as change_en
    from tests

),

summed as (

    select
        project_id,
        max(share) filter (where rule = 'growth_sales') as sales_share,
        max(share) filter (where rule = 'growth_tax') as tax_share,
        max(share) filter (where rule = 'growth_power') as power_share,
        max(share) filter (where rule = 'growth_staff') as staff_share,
        max(expected_share) filter (where rule = 'growth_sales') as expected_share,
        max(attained) filter (where rule = 'growth_power') as mean_kwh,
        max(target) filter (where rule = 'growth_power') as design_kwh,
        max(attained) filter (where rule = 'growth_staff') as insured_headcount,
        max(target) filter (where rule = 'growth_staff') as planned_headcount,
        max(missing) filter (where rule = 'growth_sales') as sales_missing,
        max(missing) filter (where rule = 'growth_tax') as tax_missing,
        count(*) filter (where consequence = '滞后') as behind_count,
        count(*) filter (where consequence = '关注') as concern_count,
        count(*) filter (where rule in ('growth_sales', 'growth_tax') and outcome != 'na')
            as judged_count,
        count(*) filter (where rule in ('growth_sales', 'growth_tax') and is_ahead) as ahead_count,
        list(rule order by rule_no, rule) filter (where consequence is not null) as failed_rules,
        string_agg(reason_zh, '；' order by rule_no, rule) filter (where consequence is not null)
            as reasons_zh,
        string_agg(reason_en, '; ' order by rule_no, rule) filter (where consequence is not null)
            as reasons_en,
        string_agg(change_zh, '；' order by rule_no, rule) filter (where consequence is not null)
            as change_zh,
        string_agg(change_en, '; ' order by rule_no, rule) filter (where consequence is not null)
            as change_en,
        list(test order by rule_no, rule) as tests
    from worded
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
        cast(coalesce(firm_projects.firm_project_count, 0) as integer) as firm_project_count,
        projects.project_name,
        projects.company_name,
        coalesce(projects.reporting_unit, '未知') as reporting_unit,
        coalesce(projects.industry_section, '未知') as industry_section,
        projects.is_in_ledger,
        terms.is_expansion,
        terms.produced_on,
        terms.months_in_production,
        case
            when on_targets.on_target_on is not null then '已达效'
            when summed.behind_count > 0 then '滞后'
            when summed.judged_count = 0 then '无法判断'
            when summed.concern_count > 0 then '关注'
            when summed.ahead_count = summed.judged_count then '超前'
            else '正常'
        end as growth_state,
        summed.expected_share,
        terms.target_sales,
        terms.trailing_sales as sales_12m,
        terms.base_sales,
        terms.attained_sales,
        summed.sales_share,
        summed.sales_missing,
        terms.target_tax,
        terms.trailing_tax as tax_12m,
        terms.base_tax,
        terms.attained_tax,
        summed.tax_share,
        summed.tax_missing,
        power.kwh_12m,
        summed.mean_kwh,
        summed.design_kwh,
        summed.power_share,
        summed.insured_headcount,
        summed.planned_headcount,
        summed.staff_share,
        coalesce(summed.failed_rules, []) as failed_rules,
        summed.reasons_zh,
        summed.reasons_en,
        summed.change_zh,
        summed.change_en,
        on_targets.on_target_on,
        agreements.agreed_on_target_date,
        forecasts.forecast_on,
        forecasts.forecast_earliest_on,
        forecasts.forecast_latest_on,
        forecasts.forecast_points,
        case when forecasts.forecast_on is not null then '月度最小二乘直线外推' end
            as forecast_method,
        case
            when on_targets.on_target_on is not null then 'reached'
            when forecasts.project_id is null then 'no_terms'
            else forecasts.no_forecast_reason
        end as no_forecast_reason,
        forecasts.forecast_on > agreements.agreed_on_target_date as is_forecast_late,
        above_scale.above_scale_state,
        above_scale.above_scale_kind,
        above_scale.above_scale_limit,
        above_scale.above_scale_missing,
        above_scale.above_scale_on,
        coalesce(above_scale.above_scale_state = '达标待入', false) as is_above_scale_candidate,
        services.service_unit,
        coalesce(services.is_current and services.service_unit is not null, false)
            as is_served,
        summed.tests,
        evidence.evidence,
        projects.source,
        projects.file_sha256,
        projects.sheet,
        cast(projects.row_number as bigint) as row_number,
        {{ as_of() }} as as_of,
        {{ known_on() }} as known_on
    from summed
    inner join projects on summed.project_id = projects.project_id
    inner join terms on summed.project_id = terms.project_id
    left join firm_projects
        on
            projects.district_code = firm_projects.district_code
            and projects.uscc = firm_projects.uscc
    left join agreements
        on
            projects.district_code = agreements.district_code
            and projects.signing_row_no = agreements.signing_row_no
    left join on_targets on summed.project_id = on_targets.project_id
    left join forecasts on summed.project_id = forecasts.project_id
    left join above_scale on summed.project_id = above_scale.project_id
    left join services on summed.project_id = services.project_id
    left join power on summed.project_id = power.project_id
    left join evidence on summed.project_id = evidence.project_id

)

select
    project_id,
    district_code,
    signing_row_no,
    project_code,
    uscc,
    firm_project_count,
    project_name,
    company_name,
    reporting_unit,
    industry_section,
    is_in_ledger,
    is_expansion,
    produced_on,
    months_in_production,
    growth_state,
    expected_share,
    target_sales,
    sales_12m,
    base_sales,
    attained_sales,
    sales_share,
    sales_missing,
    target_tax,
    tax_12m,
    base_tax,
    attained_tax,
    tax_share,
    tax_missing,
    kwh_12m,
    mean_kwh,
    design_kwh,
    power_share,
    insured_headcount,
    planned_headcount,
    staff_share,
    failed_rules,
    reasons_zh,
    reasons_en,
    change_zh,
    change_en,
    on_target_on,
    agreed_on_target_date,
    forecast_on,
    forecast_earliest_on,
    forecast_latest_on,
    forecast_points,
    forecast_method,
    no_forecast_reason,
    is_forecast_late,
    above_scale_state,
    above_scale_kind,
    above_scale_limit,
    above_scale_missing,
    above_scale_on,
    is_above_scale_candidate,
    service_unit,
    is_served,
    tests,
    evidence,
    source,
    file_sha256,
    sheet,
    row_number,
    as_of,
    known_on
from final
