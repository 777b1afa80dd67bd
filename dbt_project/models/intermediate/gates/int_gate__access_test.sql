-- Every access rule asked of every request: passed, failed or not applicable, and how much is
-- missing.

with

requests as (

    select
        project_id,
        fixed_asset_investment,
        investment_equipment,
        land_area,
        involves_land,
        leased_mu,
        planned_floor_area,
        expected_sales,
        expected_tax,
        energy_tce,
        signing_red_line,
        agreement_red_line,
        enterprise_status
    from {{ ref('int_gate__access_request') }}

),

rules as (

    select
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
    from {{ ref('int_gate__rule') }}
    where gate = 'access'

),

thresholds as (

    select
        rule,
        measure,
        value,
        unit,
        effective_from,
        source
    from {{ ref('int_gate__threshold') }}
    where gate = 'access'

),

limits as (

    select
        rule,
        max(value) filter (where measure = 'target') as target,
        max(value) filter (where measure = 'limit') as hold_limit,
        max(unit) filter (where measure = 'target') as unit,
        max(effective_from) filter (where measure = 'target') as effective_from,
        max(source) filter (where measure = 'target') as source
    from thresholds
    group by rule

),

constants as (

    select
        cast({{ rule('land_rule', 'square_metres_per_mu') }} as decimal(10, 4))
            as square_metres_per_mu

),

-- The land asked for: what the ledger applies for, and what a leased plant stands on.
areas as (

    select
        requests.project_id,
        requests.fixed_asset_investment,
        requests.investment_equipment,
        requests.planned_floor_area,
        requests.expected_sales,
        requests.expected_tax,
        requests.energy_tce,
        requests.involves_land,
        nullif(
            case when requests.involves_land then coalesce(requests.land_area, 0) else 0 end
            + coalesce(requests.leased_mu, 0),
            0
        ) as area_mu,
        case
            when requests.involves_land
                then cast(requests.land_area as decimal(20, 6)) * constants.square_metres_per_mu
        end as land_square_metres
    from requests
    cross join constants

),

ratios as (

    select
        project_id,
        'access_intensity' as rule,
        fixed_asset_investment as numerator,
        area_mu as denominator,
        case
            when fixed_asset_investment is null then 'fixed_asset_investment_missing'
            when area_mu is null then 'land_missing'
        end as na_reason
    from areas

    union all

    select
        project_id,
        'access_tax_per_mu' as rule,
        expected_tax as numerator,
        area_mu as denominator,
        case
            when expected_tax is null then 'expected_tax_missing'
            when area_mu is null then 'land_missing'
        end as na_reason
    from areas

    union all

    select
        project_id,
        'access_equipment_share' as rule,
        investment_equipment as numerator,
        fixed_asset_investment as denominator,
        case
            when investment_equipment is null then 'investment_equipment_missing'
            when coalesce(fixed_asset_investment, 0) = 0 then 'fixed_asset_investment_missing'
        end as na_reason
    from areas

    union all

    select
        project_id,
        'access_far' as rule,
        planned_floor_area as numerator,
        land_square_metres as denominator,
        case
            when not involves_land then 'leased'
            when planned_floor_area is null then 'planned_floor_area_missing'
            when coalesce(land_square_metres, 0) = 0 then 'land_missing'
        end as na_reason
    from areas

    union all

    select
        project_id,
        'access_energy' as rule,
        energy_tce as numerator,
        expected_sales as denominator,
        case
            when energy_tce is null then 'energy_tce_missing'
            when coalesce(expected_sales, 0) = 0 then 'expected_sales_missing'
        end as na_reason
    from areas

),

valued as (

    select
        project_id,
        rule,
        cast(numerator as decimal(20, 4)) as numerator,
        cast(denominator as decimal(20, 4)) as denominator,
        na_reason,
        case when na_reason is null then {{ exact_ratio("numerator", "denominator") }} end as value
    from ratios

),

ratio_tests as (

    select
        valued.project_id,
        valued.rule,
        valued.value,
        cast(limits.target as decimal(18, 6)) as target,
        cast(limits.hold_limit as decimal(18, 6)) as hold_limit,
        limits.unit,
        limits.effective_from,
        limits.source,
        coalesce(valued.na_reason, case when limits.target is null then 'no_threshold' end)
            as na_reason,
        case
            when rules.comparison = '>=' then valued.value >= limits.target
            else valued.value <= limits.target
        end as is_passed,
        case
            when rules.comparison = '>=' then valued.value < limits.hold_limit
            else valued.value > limits.hold_limit
        end as is_beyond_limit,
        case
            when rules.comparison = '>='
                then limits.target * valued.denominator - valued.numerator
            else valued.numerator - limits.target * valued.denominator
        end as missing,
        {{ exact_ratio("valued.numerator", "limits.target") }} as allowed
    from valued
    inner join rules on valued.rule = rules.rule
    left join limits on valued.rule = limits.rule

),

veto_tests as (

    select
        project_id,
        'access_red_line' as rule,
        concat_ws('；', signing_red_line, agreement_red_line) as text_value,
        cast(null as varchar) as na_reason,
        coalesce(signing_red_line, agreement_red_line) is null as is_passed
    from requests

    union all

    select
        project_id,
        'access_firm_standing' as rule,
        enterprise_status as text_value,
        case when enterprise_status is null then 'firm_not_registered' end as na_reason,
        enterprise_status not in ('注销', '吊销') as is_passed
    from requests

),

tests as (

    select
        project_id,
        rule,
        cast(null as varchar) as text_value,
        value,
        target,
        hold_limit,
        unit,
        effective_from,
        source,
        na_reason,
        is_passed,
        coalesce(is_beyond_limit, false) as is_beyond_limit,
        missing,
        allowed
    from ratio_tests

    union all

    select
        project_id,
        rule,
        text_value,
        cast(null as decimal(18, 6)) as value,
        cast(null as decimal(18, 6)) as target,
        cast(null as decimal(18, 6)) as hold_limit,
        cast(null as varchar) as unit,
        cast(null as date) as effective_from,
        cast(null as varchar) as source,
        na_reason,
        is_passed,
        false as is_beyond_limit,
        cast(null as decimal(20, 4)) as missing,
        cast(null as decimal(18, 6)) as allowed
    from veto_tests

),

final as (

    select
        tests.project_id,
        tests.rule,
        rules.rule_no,
        rules.rule_zh,
        rules.rule_en,
        rules.comparison,
        tests.text_value,
        tests.value,
        tests.target,
        tests.hold_limit,
        tests.unit,
        coalesce(tests.effective_from, rules.effective_from) as effective_from,
        coalesce(tests.source, rules.source) as threshold_source,
        case
            when tests.na_reason is not null then 'na'
            when tests.is_passed then 'pass'
            else 'fail'
        end as outcome,
        tests.na_reason,
        -- A figure that nobody gave is asked for; a rule that does not apply asks nothing.
        case
            when tests.na_reason like '%_missing' then '附条件'
            when tests.na_reason is not null or tests.is_passed then null
            when tests.is_beyond_limit then '暂缓'
            else rules.on_failure
        end as consequence,
        case
            when tests.na_reason is null and not tests.is_passed
                then cast(tests.missing as decimal(20, 4))
        end as missing,
        case
            when tests.na_reason is null and not tests.is_passed
                then cast(tests.allowed as decimal(20, 4))
        end as allowed,
        rules.change_zh,
        rules.change_en
    from tests
    inner join rules on tests.rule = rules.rule

)

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
from final
