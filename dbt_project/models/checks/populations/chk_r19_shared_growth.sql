with

rates as (

    select *
    from {{ ref('int_check__growth') }}

),

chances as (

    select
        district_code,
        reporting_unit,
        counted,
        period,
        p_value
    from {{ ref('int_check__chance') }}
    where check_id = 'R19'

),

-- The rate that chance makes least likely; every rate of the board was a chance to coincide.
least_likely as (

    select
        rates.*,
        case
            when rates.per_mille is null then 1
            else least(chances.p_value * rates.rate_count, 1)
        end as p_value
    from rates
    left join chances
        on
            rates.district_code = chances.district_code
            and rates.reporting_unit = chances.reporting_unit
            and cast(rates.per_mille as varchar) = chances.counted
            and rates.period = chances.period
    qualify row_number() over (
        partition by rates.district_code, rates.reporting_unit, rates.period
        order by chances.p_value nulls last, rates.per_mille
    ) = 1

),

measured as (

    select
        *,
        firm_count >= {{ check_threshold('R19', 'minimum') }} as is_asked,
        count(*) filter (where firm_count >= {{ check_threshold('R19', 'minimum') }})
            over (partition by district_code, period) as board_count
    from least_likely

),

judged as (

    select
        * exclude (p_value),
        case when is_asked then p_value end as p_value,
        case
            when not is_asked then 'na'
            when
                alike_count >= {{ check_threshold('R19', 'alike') }}
                and {{ significant('p_value') }} < {{ check_threshold('R19', 'p_value') }}
                and p_value * 12 * board_count <= {{ check_threshold('R19', 'family_wise') }}
                then 'fail'
            else 'pass'
        end as outcome
    from measured

),

limits as (

    select
        {{ check_threshold('R19', 'alike') }} as alike,
        {{ check_threshold('R19', 'p_value') }} as p_value,
        {{ check_threshold('R19', 'window') }} as near

),

final as (

    select
        judged.district_code,
        'reporting_unit' as entity_type,
        judged.reporting_unit as entity_id,
        judged.reporting_unit,
        judged.period,
        judged.stat_period as anchor_on,
        judged.outcome,
        case when judged.outcome = 'na' then 'few_firms' end as na_reason,
        case when judged.outcome = 'fail' then 'flag' end as severity,
        coalesce(judged.alike_count, 0) as statistic,
        limits.alike as threshold,
        judged.alike_count as observed,
        case when judged.per_mille is not null then judged.expected_count end as expected,
        judged.firm_count as n_used,
        judged.p_value,
        case when judged.outcome = 'fail' then judged.cells end as evidence,
        {{ sentence(
            '{} {} 有同比的 {} 家企业中 {} 家产值同比增速同为 {}‰',
            ['judged.reporting_unit', 'judged.period', 'judged.firm_count', 'judged.alike_count',
             'judged.per_mille'],
        ) }} as facts_zh,
        {{ sentence(
            '{} {}: of {} firms with a growth {} share {} per mille',
            ['judged.reporting_unit', 'judged.period', 'judged.firm_count', 'judged.alike_count',
             'judged.per_mille'],
        ) }} as facts_en,
        {{ sentence(
            '按其他板块 {} 家企业在该增速上下 {} 内的 {} 家（恰同 {} 家）推算，偶然相同约 {} 家；概率（乘以 {} 个增速）{}，应不低于 {}',
            ['judged.other_count', 'limits.near', 'judged.close_count', 'judged.exact_count',
             significant('judged.expected_count', 3), 'judged.rate_count',
             significant('judged.p_value', 3), 'limits.p_value'],
        ) }} as relation_zh,
        {{ sentence(
            'of {} firms of other boards {} lie {} or less from it ({} on it): chance makes {} '
            ~ 'coincide; probability (times {} rates) {}, expected at least {}',
            ['judged.other_count', 'judged.close_count', 'limits.near', 'judged.exact_count',
             significant('judged.expected_count', 3), 'judged.rate_count',
             significant('judged.p_value', 3), 'limits.p_value'],
        ) }} as relation_en
    from judged
    cross join limits

)

{{ check_answer('final') }}
