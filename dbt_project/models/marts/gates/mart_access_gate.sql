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
        signed_investment,
        register_current_stage
    from {{ ref('int_project') }}

),

requests as (

    select
        project_id,
        asks_as,
        first_seen_on,
        signed_on,
        started_claimed_on,
        fixed_asset_investment,
        land_area,
        involves_land,
        leased_mu,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_gate__access_request') }}

),

tests as (

    select
        project_id,
        rule,
        rule_no,
        rule_zh,
        rule_en,
        comparison,
        text_value,
        value,
        target,
        hold_limit,
        unit,
        effective_from,
        threshold_source,
        outcome,
        na_reason,
        consequence,
        missing,
        allowed,
        change_zh,
        change_en
    from {{ ref('int_gate__access_test') }}

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
    from {{ ref('int_gate__access_figure') }}

),

worded as (

    select
        project_id,
        rule,
        rule_no,
        outcome,
        na_reason,
        consequence,
        value,
        text_value,
        missing,
        struct_pack(
            rule := rule,
            rule_zh := rule_zh,
            outcome := outcome,
            na_reason := na_reason,
            consequence := consequence,
            value := value,
            comparison := comparison,
            target := target,
            hold_limit := hold_limit,
            unit := unit,
            missing := missing,
            effective_from := effective_from,
            threshold_source := threshold_source
        ) as test,
        case
            when na_reason like '%_missing'
                then rule_zh || '缺数据，无法判断'
            when text_value is not null
                then rule_zh || '：' || text_value
            else
                rule_zh || ' ' || {{ plain_number("value") }}
                || coalesce(' ' || nullif(unit, '比值'), '')
                || case when comparison = '>=' then '，低于 ' else '，高于 ' end
                || {{ plain_number("target") }}
        end as reason_zh,
        case
            when na_reason like '%_missing'
                then rule_en || ': ' || na_reason
            when text_value is not null
                then rule_en || ': ' || text_value
            else
                rule_en || ' ' || {{ plain_number("value") }}
                || case when comparison = '>=' then ', below ' else ', above ' end
                || {{ plain_number("target") }}
        end as reason_en,
        case
            when na_reason like '%_missing'
                then '补报：' || rule_zh || '所需数据'
            else {{ worded_change("change_zh") }}
        end as change_zh,
        case
            when na_reason like '%_missing'
                then 'Deliver what ' || lower(rule_en) || ' needs'
            else {{ worded_change("change_en") }}
        end as change_en
    from tests

),

verdicts as (

    select
        project_id,
        max(value) filter (where rule = 'access_intensity') as investment_intensity,
        max(value) filter (where rule = 'access_tax_per_mu') as tax_per_mu,
        max(value) filter (where rule = 'access_equipment_share') as equipment_share,
        max(value) filter (where rule = 'access_far') as far,
        max(value) filter (where rule = 'access_energy') as energy_per_sales,
        max(text_value) filter (where rule = 'access_red_line' and outcome = 'fail') as red_line,
        max(text_value) filter (where rule = 'access_firm_standing') as enterprise_status,
        max(missing) filter (where rule = 'access_intensity') as intensity_missing,
        max(missing) filter (where rule = 'access_tax_per_mu') as tax_missing,
        max(missing) filter (where rule = 'access_equipment_share') as equipment_missing,
        max(missing) filter (where rule = 'access_far') as floor_area_missing,
        max(missing) filter (where rule = 'access_energy') as energy_over,
        count(*) filter (where consequence = '暂缓') as hold_count,
        count(*) filter (where consequence = '附条件') as condition_count,
        count(*) filter (where na_reason like '%_missing') as missing_count,
        case
            when count(*) filter (where consequence = '暂缓') > 0 then '暂缓'
            when count(*) filter (where consequence = '附条件') > 0 then '附条件'
            else '通过'
        end as verdict,
        list(rule order by rule_no, rule) filter (where consequence is not null) as failed_rules,
        string_agg(reason_zh || '（' || consequence || '）', '；' order by rule_no, rule)
        filter (where consequence is not null) as reasons_zh,
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
        list({{ figure("figures") }} order by source, column_name) as evidence
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
        requests.asks_as,
        requests.first_seen_on,
        requests.signed_on,
        requests.started_claimed_on,
        projects.register_current_stage,
        cast(projects.signed_investment as decimal(20, 4)) as signed_investment,
        cast(requests.fixed_asset_investment as decimal(20, 4)) as fixed_asset_investment,
        cast(
            case when requests.involves_land then requests.land_area end as decimal(20, 4)
        ) as land_mu,
        cast(requests.leased_mu as decimal(20, 4)) as leased_mu,
        verdicts.investment_intensity,
        verdicts.tax_per_mu,
        verdicts.equipment_share,
        verdicts.far,
        verdicts.energy_per_sales,
        verdicts.red_line,
        verdicts.enterprise_status,
        verdicts.verdict,
        cast(verdicts.hold_count as integer) as hold_count,
        cast(verdicts.condition_count as integer) as condition_count,
        cast(verdicts.missing_count as integer) as missing_count,
        coalesce(verdicts.failed_rules, []) as failed_rules,
        verdicts.reasons_zh,
        verdicts.reasons_en,
        verdicts.change_zh,
        verdicts.change_en,
        verdicts.intensity_missing,
        verdicts.tax_missing,
        verdicts.equipment_missing,
        verdicts.floor_area_missing,
        verdicts.energy_over,
        verdicts.tests,
        evidence.evidence,
        'signing' as source,
        requests.file_sha256,
        requests.sheet,
        cast(requests.row_number as bigint) as row_number,
        {{ as_of() }} as as_of,
        {{ known_on() }} as known_on
    from requests
    inner join projects on requests.project_id = projects.project_id
    inner join verdicts on requests.project_id = verdicts.project_id
    left join evidence on requests.project_id = evidence.project_id

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
    asks_as,
    first_seen_on,
    signed_on,
    started_claimed_on,
    register_current_stage,
    signed_investment,
    fixed_asset_investment,
    land_mu,
    leased_mu,
    investment_intensity,
    tax_per_mu,
    equipment_share,
    far,
    energy_per_sales,
    red_line,
    enterprise_status,
    verdict,
    hold_count,
    condition_count,
    missing_count,
    failed_rules,
    reasons_zh,
    reasons_en,
    change_zh,
    change_en,
    intensity_missing,
    tax_missing,
    equipment_missing,
    floor_area_missing,
    energy_over,
    tests,
    evidence,
    source,
    file_sha256,
    sheet,
    row_number,
    as_of,
    known_on
from final
