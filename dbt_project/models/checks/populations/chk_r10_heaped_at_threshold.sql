with

counts as (

    select
        *,
        cast(cast(size as bigint) as varchar) as counterpart_id,
        cast(stat_year as varchar) as period,
        above_count + below_count as near_count
    from {{ ref('int_check__filing_near') }}

),

chances as (

    select
        district_code,
        reporting_unit,
        counted,
        period,
        p_value
    from {{ ref('int_check__chance') }}
    where check_id = 'R10'

),

filings as (

    select
        district_code,
        reporting_unit,
        project_code,
        year(filing_date) as stat_year,
        planned_investment,
        planned_cell
    from {{ ref('int_check__filing') }}

),

-- Enough filings close to a threshold that the registry names.
measured as (

    select
        counts.*,
        chances.p_value,
        counts.near_count >= {{ check_threshold('R10', 'minimum') }} as is_asked
    from counts
    left join chances
        on
            counts.district_code = chances.district_code
            and counts.reporting_unit = chances.reporting_unit
            and counts.counterpart_id = chances.counted
            and counts.period = chances.period
    where
        counts.size in (
            {{ check_threshold('R10', 'size_1') }}, {{ check_threshold('R10', 'size_2') }},
            {{ check_threshold('R10', 'size_3') }}, {{ check_threshold('R10', 'size_4') }},
            {{ check_threshold('R10', 'size_5') }}
        )

),

ranked as (

    select
        district_code,
        reporting_unit,
        counterpart_id,
        period,
        p_value,
        row_number() over (
            partition by period
            order by p_value, district_code, reporting_unit, counterpart_id
        ) as p_rank,
        count(*) over (partition by period) as test_count
    from measured
    where is_asked

),

-- checks.md: p < 0.01 after Benjamini-Hochberg.
adjusted as (

    select
        district_code,
        reporting_unit,
        counterpart_id,
        period,
        min(p_value * test_count / p_rank) over (
            partition by period
            order by p_rank desc
            rows between unbounded preceding and current row
        ) as adjusted_p
    from ranked

),

judged as (

    select
        measured.* exclude (p_value),
        case when measured.is_asked then measured.p_value end as p_value,
        adjusted.adjusted_p,
        case
            when not measured.is_asked then 'na'
            when
                measured.above_count
                >= measured.below_count * {{ check_threshold('R10', 'ratio') }}
                and {{ significant('adjusted.adjusted_p') }}
                < {{ check_threshold('R10', 'p_value') }}
                then 'fail'
            else 'pass'
        end as outcome
    from measured
    left join adjusted
        on
            measured.district_code = adjusted.district_code
            and measured.reporting_unit = adjusted.reporting_unit
            and measured.counterpart_id = adjusted.counterpart_id
            and measured.period = adjusted.period

),

cited as (

    select
        judged.district_code,
        judged.reporting_unit,
        judged.counterpart_id,
        judged.period,
        list(
            filings.planned_cell
            order by filings.planned_investment, filings.project_code
        ) as evidence
    from judged
    inner join filings
        on
            judged.district_code = filings.district_code
            and judged.reporting_unit = filings.reporting_unit
            and judged.stat_year >= filings.stat_year
            and judged.size_from <= filings.planned_investment
            and judged.size_to > filings.planned_investment
    where judged.outcome = 'fail'
    group by all

),

limits as (

    select
        {{ check_threshold('R10', 'near') }} as near,
        {{ check_threshold('R10', 'p_value') }} as p_value,
        {{ check_threshold('R10', 'ratio') }} as ratio

),

final as (

    select
        judged.district_code,
        'reporting_unit' as entity_type,
        judged.reporting_unit as entity_id,
        judged.counterpart_id,
        judged.reporting_unit,
        judged.period,
        make_date(judged.stat_year, 12, 31) as anchor_on,
        judged.outcome,
        case when judged.outcome = 'na' then 'few_filings' end as na_reason,
        case when judged.outcome = 'fail' then 'flag' end as severity,
        judged.above_count / greatest(judged.below_count, 1) as statistic,
        limits.ratio as threshold,
        judged.above_count as observed,
        judged.below_count as expected,
        judged.near_count as n_used,
        judged.p_value,
        ['round_value_apart'] as exemptions_checked,
        cited.evidence,
        {{ sentence(
            '{} 至 {} 年备案中，门槛 {} 万元之上一成内 {} 个，之下一成内 {} 个，恰为门槛 {} 个',
            ['judged.reporting_unit', 'judged.period', 'judged.counterpart_id',
             'judged.above_count', 'judged.below_count', 'judged.exact_count'],
        ) }} as facts_zh,
        {{ sentence(
            '{} up to {}: threshold {}, within a tenth of it {} filings above and {} below, '
            ~ '{} at the value itself',
            ['judged.reporting_unit', 'judged.period', 'judged.counterpart_id',
             'judged.above_count', 'judged.below_count', 'judged.exact_count'],
        ) }} as facts_en,
        {{ sentence(
            '上下各半；之上不到之下的 {} 倍，偶然概率不低于 {}（校正后为 {}；范围为门槛的 {}）',
            ['limits.ratio', 'limits.p_value',
             significant('judged.adjusted_p', 3), 'limits.near'],
        ) }} as relation_zh,
        {{ sentence(
            'halves on both sides; less than {} times as many above, chance at least {} '
            ~ '(adjusted {}; range {} of the threshold)',
            ['limits.ratio', 'limits.p_value',
             significant('judged.adjusted_p', 3), 'limits.near'],
        ) }} as relation_en
    from judged
    cross join limits
    left join cited
        on
            judged.district_code = cited.district_code
            and judged.reporting_unit = cited.reporting_unit
            and judged.counterpart_id = cited.counterpart_id
            and judged.period = cited.period

)

{{ check_answer('final') }}
