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
        peer_mad,
        first_mad,
        first_p,
        two_mad,
        two_p
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

),

measured as (

    select
        sets.*,
        tests.peer_mad,
        tests.first_mad,
        tests.first_p,
        tests.two_mad,
        tests.two_p,
        {{ significant(
            'tests.first_mad - ' ~ check_threshold('R20', 'excess_first') ~ ' / sqrt(figure_count)'
        ) }} as first_excess,
        {{ significant(
            'tests.two_mad - ' ~ check_threshold('R20', 'excess_two') ~ ' / sqrt(figure_count)'
        ) }} as two_excess
    from sets
    left join tests
        on
            sets.district_code = tests.district_code
            and sets.reporting_unit = tests.reporting_unit
            and sets.series = tests.series
            and sets.stat_year = tests.stat_year

),

judged as (

    select
        *,
        coalesce(
            first_mad > {{ check_threshold('R20', 'mad_first') }}
            and first_excess > 0
            and {{ significant('first_p') }} < {{ check_threshold('R20', 'p_value') }}, false
        ) as fails_first,
        coalesce(
            two_mad > {{ check_threshold('R20', 'mad_two') }}
            and two_excess > 0
            and {{ significant('two_p') }} < {{ check_threshold('R20', 'p_value') }}, false
        ) as fails_two,
        case
            when not has_no_floor then 'has_a_floor'
            when figure_count < {{ check_threshold('R20', 'minimum_first') }} then 'few_figures'
            when width < {{ check_threshold('R20', 'width') }} then 'narrow_range'
            when repeat_share >= {{ check_threshold('R20', 'repeats') }} then 'repeated_figures'
            -- A floor, a cap or thresholds of policy: where the other boards do not follow the law
            -- either, it is not the law of this series.
            when peer_mad > {{ check_threshold('R20', 'peer_mad') }} then 'series_not_benford'
        end as na_reason
    from measured

),

answered as (

    select
        *,
        case
            when na_reason is not null then 'na'
            when fails_first or fails_two then 'fail'
            else 'pass'
        end as outcome
    from judged

),

cited as (

    {{ cells_of_failing_sets('answered') }}

),

limits as (

    select
        {{ check_threshold('R20', 'draws') }} as draws,
        {{ check_threshold('R20', 'mad_first') }} as mad_first,
        {{ check_threshold('R20', 'mad_two') }} as mad_two,
        {{ check_threshold('R20', 'minimum_two') }} as minimum_two,
        {{ check_threshold('R20', 'p_value') }} as p_value

),

final as (

    select
        answered.district_code,
        'reporting_unit' as entity_type,
        answered.reporting_unit as entity_id,
        answered.series as counterpart_id,
        answered.reporting_unit,
        answered.period,
        make_date(answered.stat_year, 12, 31) as anchor_on,
        answered.outcome,
        answered.na_reason,
        case when answered.outcome = 'fail' then 'flag' end as severity,
        case
            when answered.fails_two and not answered.fails_first then answered.two_mad
            else answered.first_mad
        end as statistic,
        case
            when answered.fails_two and not answered.fails_first
                then limits.mad_two
            else limits.mad_first
        end as threshold,
        answered.figure_count as n_used,
        -- The better of two tests counts twice.
        case
            when answered.outcome = 'na' then null
            when answered.two_p is null then answered.first_p
            else least(2 * least(answered.first_p, answered.two_p), 1)
        end as p_value,
        ['floor', 'repeated_report'] as exemptions_checked,
        cited.evidence,
        {{ sentence(
            '{} {} 至 {} 年共 {} 个数，首位数字平均绝对偏差 {}（扣除偶然后 {}），前两位 {}',
            ['answered.reporting_unit', 'answered.series', 'answered.period',
             'answered.figure_count', 'answered.first_mad', 'answered.first_excess',
             'answered.two_mad'],
        ) }} as facts_zh,
        {{ sentence(
            '{} {} up to {}: {} figures, first digits deviate by {} on average ({} beyond '
            ~ 'chance), first two by {}',
            ['answered.reporting_unit', 'answered.series', 'answered.period',
             'answered.figure_count', 'answered.first_mad', 'answered.first_excess',
             'answered.two_mad'],
        ) }} as facts_en,
        {{ sentence(
            '首位不超过 {}，前两位（{} 个数以上）不超过 {}；{} 次模拟达到此偏差的概率 {}，应不低于 {}',
            ['limits.mad_first', 'limits.minimum_two',
             'limits.mad_two', 'limits.draws',
             significant('least(answered.first_p, answered.two_p)', 3),
             'limits.p_value'],
        ) }} as relation_zh,
        {{ sentence(
            'first digits deviate by no more than {}, first two (from {} figures on) by {}; share '
            ~ 'of {} draws that deviate as far {}, expected at least {}',
            ['limits.mad_first', 'limits.minimum_two',
             'limits.mad_two', 'limits.draws',
             significant('least(answered.first_p, answered.two_p)', 3),
             'limits.p_value'],
        ) }} as relation_en
    from answered
    cross join limits
    left join cited
        on
            answered.district_code = cited.district_code
            and answered.reporting_unit = cited.reporting_unit
            and answered.series = cited.series
            and answered.period = cited.period

)

{{ check_answer('final') }}
