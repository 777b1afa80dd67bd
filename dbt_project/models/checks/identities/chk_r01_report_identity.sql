with

spine as (

    select
        district_code,
        project_id,
        entity_id,
        uscc,
        reporting_unit,
        stat_period,
        period
    from {{ ref('int_check__project_month') }}

),

reports as (

    select
        project_id,
        project_code,
        stat_period,
        investment_cum,
        investment_ytd,
        investment_month,
        investment_build,
        investment_equipment,
        investment_other,
        rounding_unit,
        previous_period,
        -- A new year begins at zero.
        case when year(previous_period) = year(stat_period) then previous_ytd end as previous_ytd,
        case
            when year(previous_period) = year(stat_period) then previous_ytd_then
        end as previous_ytd_then,
        previous_file_sha256,
        previous_sheet,
        previous_row_number,
        december_cum,
        december_cum_then,
        december_file_sha256,
        december_sheet,
        december_row_number,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_check__fai') }}

),

-- Each identity on each report, by how much it is broken and by how much it may be. The first
-- report after entry may hold earlier months in one sum: it has no month before to agree with.
identities as (

    select
        *,
        'year_to_date' as clause,
        investment_ytd as observed,
        coalesce(previous_ytd, 0) + investment_month as expected,
        least(
            abs(investment_ytd - coalesce(previous_ytd, 0) - investment_month),
            abs(investment_ytd - coalesce(previous_ytd_then, previous_ytd, 0) - investment_month)
        ) as difference,
        rounding_unit * {{ check_threshold('R01', 'identity_units') }} as allowed
    from reports
    where
        year(previous_period) = year(stat_period)
        or (month(stat_period) = 2 and previous_period is not null)

    union all by name

    select
        *,
        'parts' as clause,
        investment_ytd as observed,
        coalesce(investment_build, 0) + coalesce(investment_equipment, 0)
        + coalesce(investment_other, 0) as expected,
        abs(
            investment_ytd - coalesce(investment_build, 0) - coalesce(investment_equipment, 0)
            - coalesce(investment_other, 0)
        ) as difference,
        rounding_unit * {{ check_threshold('R01', 'parts_units') }} as allowed
    from reports
    where coalesce(investment_build, investment_equipment, investment_other) is not null

    union all by name

    select
        *,
        'cumulative' as clause,
        investment_cum as observed,
        december_cum + investment_ytd as expected,
        least(
            abs(investment_cum - december_cum - investment_ytd),
            abs(investment_cum - coalesce(december_cum_then, december_cum) - investment_ytd)
        ) as difference,
        rounding_unit * {{ check_threshold('R01', 'identity_units') }} as allowed
    from reports
    where december_cum is not null

    union all by name

    select
        *,
        'equipment' as clause,
        investment_equipment as observed,
        investment_cum as expected,
        greatest(investment_equipment - investment_cum, 0) as difference,
        0 as allowed
    from reports
    where investment_equipment is not null

),

worst as (

    select
        *,
        count(*) over (partition by project_id, stat_period) as n_used
    from identities
    where difference is not null
    qualify
        row_number() over (
            partition by project_id, stat_period
            order by difference > allowed desc, difference - allowed desc, project_code, clause
        ) = 1

),

reported as (

    select distinct
        project_id,
        stat_period
    from reports

),

judged as (

    select
        spine.district_code,
        spine.entity_id,
        spine.reporting_unit,
        spine.period,
        spine.stat_period as anchor_on,
        spine.project_id,
        spine.uscc,
        worst.project_code,
        worst.clause,
        worst.investment_cum,
        worst.investment_ytd,
        worst.investment_month,
        worst.investment_build,
        worst.investment_equipment,
        worst.investment_other,
        worst.previous_ytd,
        worst.previous_file_sha256,
        worst.previous_sheet,
        worst.previous_row_number,
        worst.december_cum,
        worst.december_file_sha256,
        worst.december_sheet,
        worst.december_row_number,
        worst.file_sha256,
        worst.sheet,
        worst.row_number,
        worst.observed,
        worst.expected,
        worst.difference,
        worst.allowed,
        worst.n_used,
        case
            when worst.project_id is null then 'na'
            when worst.difference > worst.allowed then 'fail'
            else 'pass'
        end as outcome,
        case
            when worst.project_id is not null then null
            when reported.project_id is null then 'no_report'
            else 'nothing_to_compare'
        end as na_reason
    from spine
    left join worst on spine.project_id = worst.project_id and spine.stat_period = worst.stat_period
    left join reported
        on spine.project_id = reported.project_id and spine.stat_period = reported.stat_period

),

final as (

    select
        district_code,
        'project' as entity_type,
        entity_id,
        reporting_unit,
        period,
        anchor_on,
        project_id,
        uscc,
        outcome,
        na_reason,
        case when outcome = 'fail' then 'block' end as severity,
        difference as statistic,
        allowed as threshold,
        observed,
        expected,
        n_used,
        [
            'empty_parts', 'rounding_unit', 'first_report', 'neighbour_corrected',
        ] as exemptions_checked,
        case
            when outcome <> 'fail'
                then {{ no_evidence() }}
            when clause = 'year_to_date'
                then {{ evidence_list([
                    evidence_cell('fai', 'judged', 'investment_ytd'),
                    evidence_cell('fai', 'judged', 'investment_month'),
                    evidence_cell('fai', 'judged', 'investment_ytd', 'judged.previous_ytd', 'previous_'),
                ]) }}
            when clause = 'parts'
                then {{ evidence_list([
                    evidence_cell('fai', 'judged', 'investment_ytd'),
                    evidence_cell('fai', 'judged', 'investment_build'),
                    evidence_cell('fai', 'judged', 'investment_equipment'),
                    evidence_cell('fai', 'judged', 'investment_other'),
                ]) }}
            when clause = 'cumulative'
                then {{ evidence_list([
                    evidence_cell('fai', 'judged', 'investment_cum'),
                    evidence_cell('fai', 'judged', 'investment_ytd'),
                    evidence_cell('fai', 'judged', 'investment_cum', 'judged.december_cum', 'december_'),
                ]) }}
            else {{ evidence_list([
                evidence_cell('fai', 'judged', 'investment_equipment'),
                evidence_cell('fai', 'judged', 'investment_cum'),
            ]) }}
        end as evidence,
        case clause
            when 'year_to_date'
                then {{ sentence(
                    '项目代码 {} 在 {} 报本年完成 {} 万元、本月完成 {} 万元，上期本年完成 {} 万元',
                    ['project_code', 'period', 'observed', 'investment_month', 'coalesce(previous_ytd, 0)'],
                ) }}
            when 'parts'
                then {{ sentence(
                    '项目代码 {} 在 {} 报本年完成 {} 万元，其中建安 {}、设备 {}、其他 {} 万元',
                    ['project_code', 'period', 'observed', 'investment_build', 'investment_equipment',
                     'investment_other'],
                ) }}
            when 'cumulative'
                then {{ sentence(
                    '项目代码 {} 在 {} 报自开始累计 {} 万元、本年完成 {} 万元，上年 12 月累计 {} 万元',
                    ['project_code', 'period', 'observed', 'investment_ytd', 'december_cum'],
                ) }}
            else {{ sentence(
                '项目代码 {} 在 {} 报设备购置 {} 万元，而自开始累计只有 {} 万元',
                ['project_code', 'period', 'observed', 'expected'],
            ) }}
        end as facts_zh,
        case clause
            when 'year_to_date'
                then {{ sentence(
                    'code {} reports for {} a year to date of {} and a month of {}; before it stood at {}',
                    ['project_code', 'period', 'observed', 'investment_month', 'coalesce(previous_ytd, 0)'],
                ) }}
            when 'parts'
                then {{ sentence(
                    'code {} reports for {} a year to date of {}: build {}, equipment {}, other {}',
                    ['project_code', 'period', 'observed', 'investment_build', 'investment_equipment',
                     'investment_other'],
                ) }}
            when 'cumulative'
                then {{ sentence(
                    'code {} reports for {} a cumulative of {}, a year to date of {}; December had {}',
                    ['project_code', 'period', 'observed', 'investment_ytd', 'december_cum'],
                ) }}
            else {{ sentence(
                'code {} reports for {} equipment of {} in a cumulative of {}',
                ['project_code', 'period', 'observed', 'expected'],
            ) }}
        end as facts_en,
        case clause
            when 'equipment' then '设备购置不大于自开始累计'
            else {{ sentence('{} 应等于 {}（允许 ± {}）', ['observed', 'expected', 'allowed']) }}
        end as relation_zh,
        case clause
            when 'equipment' then 'equipment is no more than the cumulative'
            else {{ sentence('{} should be {} (within {})', ['observed', 'expected', 'allowed']) }}
        end as relation_en
    from judged

)

{{ check_answer('final') }}
