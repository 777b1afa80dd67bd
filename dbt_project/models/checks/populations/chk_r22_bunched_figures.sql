with

sets as (

    select *
    from {{ ref('int_check__figure_set') }}

),

tests as (

    select
        district_code,
        reporting_unit,
        series,
        stat_year,
        average_frequency,
        frequency_p
    from {{ ref('int_check__digit_test') }}

),

figures as (

    select
        district_code,
        reporting_unit,
        series,
        reporter,
        figure_on,
        stat_year,
        cell
    from {{ ref('int_check__figure') }}
    where units >= 100

),

measured as (

    select
        sets.*,
        tests.average_frequency,
        tests.frequency_p,
        count(tests.frequency_p) over (partition by sets.district_code, sets.period) as set_count
    from sets
    left join tests
        on
            sets.district_code = tests.district_code
            and sets.reporting_unit = tests.reporting_unit
            and sets.series = tests.series
            and sets.stat_year = tests.stat_year

),

-- Held to the boards of a district together, but never beyond what so many shuffles can show.
judged as (

    select
        *,
        case
            when not has_chosen_digits then 'na'
            when digit_count < {{ check_threshold('R22', 'minimum') }} then 'na'
            when
                {{ significant('frequency_p') }} < {{ check_threshold('R22', 'p_value') }}
                and frequency_p <= greatest(
                    {{ check_threshold('R22', 'family_wise') }} / set_count,
                    1 / cast({{ check_threshold('R22', 'shuffles') }} as double)
                )
                then 'fail'
            else 'pass'
        end as outcome,
        case
            when not has_chosen_digits then 'round_by_nature'
            when digit_count < {{ check_threshold('R22', 'minimum') }} then 'few_figures'
        end as na_reason
    from measured

),

cited as (

    {{ cells_of_failing_sets('judged') }}

),

limits as (

    select
        {{ check_threshold('R22', 'p_value') }} as p_value,
        {{ check_threshold('R22', 'shuffles') }} as shuffles

),

final as (

    select
        judged.district_code,
        'reporting_unit' as entity_type,
        judged.reporting_unit as entity_id,
        judged.series as counterpart_id,
        judged.reporting_unit,
        judged.period,
        make_date(judged.stat_year, 12, 31) as anchor_on,
        judged.outcome,
        judged.na_reason,
        case when judged.outcome = 'fail' then 'flag' end as severity,
        judged.average_frequency as statistic,
        judged.digit_count as n_used,
        judged.frequency_p as p_value,
        ['own_unit', 'plans', 'repeated_report'] as exemptions_checked,
        cited.evidence,
        {{ sentence(
            '{} {} 至 {} 年 {} 个数平均每个出现 {} 次',
            ['judged.reporting_unit', 'judged.series', 'judged.period', 'judged.digit_count',
             'judged.average_frequency'],
        ) }} as facts_zh,
        {{ sentence(
            '{} {} up to {}: {} figures, the average one occurs {} times',
            ['judged.reporting_unit', 'judged.series', 'judged.period', 'judged.digit_count',
             'judged.average_frequency'],
        ) }} as facts_en,
        {{ sentence(
            '末两位打乱 {} 次，同样集中的概率 {}，应不低于 {}',
            ['limits.shuffles', significant('judged.frequency_p', 3),
             'limits.p_value'],
        ) }} as relation_zh,
        {{ sentence(
            'share of {} shuffles of the last two digits that repeat as much {}, expected at '
            ~ 'least {}',
            ['limits.shuffles', significant('judged.frequency_p', 3),
             'limits.p_value'],
        ) }} as relation_en
    from judged
    cross join limits
    left join cited
        on
            judged.district_code = cited.district_code
            and judged.reporting_unit = cited.reporting_unit
            and judged.series = cited.series
            and judged.period = cited.period

)

{{ check_answer('final') }}
