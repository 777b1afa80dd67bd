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
        last_chi2,
        last_p,
        pair_chi2,
        pair_p,
        round_p
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

-- A share of round numbers that is near the peers' is the mixture of reporters, however many there
-- are: it says nothing.
shared as (

    select
        sets.*,
        tests.last_chi2,
        tests.last_p,
        tests.pair_chi2,
        tests.pair_p,
        sets.round_count / nullif(sets.digit_count, 0) as round_share,
        sets.peer_round_count / nullif(sets.peer_count, 0) as peer_share,
        case
            when
                sets.round_count * sets.peer_count
                >= {{ check_threshold('R21', 'round_ratio') }}
                * sets.peer_round_count * sets.digit_count
                or sets.round_count * sets.peer_count * {{ check_threshold('R21', 'round_ratio') }}
                <= sets.peer_round_count * sets.digit_count
                then tests.round_p
            else tests.round_p * 0 + 1
        end as round_p
    from sets
    left join tests
        on
            sets.district_code = tests.district_code
            and sets.reporting_unit = tests.reporting_unit
            and sets.series = tests.series
            and sets.stat_year = tests.stat_year

),

-- The best of several tests counts as often as there are tests.
measured as (

    select
        *,
        coalesce(last_chi2 > {{ check_threshold('R21', 'chi2_last') }}, false) as fails_last,
        coalesce(pair_chi2 > {{ check_threshold('R21', 'chi2_pair') }}, false) as fails_pair,
        coalesce(
            {{ significant('round_p') }} < {{ check_threshold('R21', 'p_round') }}, false
        ) as fails_round,
        case
            when coalesce(last_p, pair_p, round_p) is not null
                then least(
                    least(last_p, pair_p, round_p)
                    * len(list_filter([last_p, pair_p, round_p], lambda p: p is not null)), 1
                )
        end as p_value
    from shared

),

counted as (

    select
        *,
        count(p_value) over (partition by district_code, period) as set_count
    from measured

),

judged as (

    select
        *,
        case
            when p_value is null then 'na'
            when
                (fails_last or fails_pair or fails_round)
                and p_value * set_count <= {{ check_threshold('R21', 'family_wise') }}
                then 'fail'
            else 'pass'
        end as outcome,
        case
            when p_value is not null then null
            when digit_count < {{ check_threshold('R21', 'minimum_last') }} then 'few_figures'
            else 'few_peers'
        end as na_reason,
        -- The clause that chance makes least likely is the one that is shown.
        case
            when fails_last and last_p <= least(coalesce(pair_p, 1), coalesce(round_p, 1))
                then 'last'
            when fails_pair and pair_p <= coalesce(round_p, 1) then 'pair'
            when fails_round then 'round'
            when fails_last then 'last'
            else 'pair'
        end as clause
    from counted

),

cited as (

    {{ cells_of_failing_sets('judged') }}

),

limits as (

    select
        {{ check_threshold('R21', 'chi2_last') }} as chi2_last,
        {{ check_threshold('R21', 'chi2_pair') }} as chi2_pair,
        {{ check_threshold('R21', 'minimum_pair') }} as minimum_pair,
        {{ check_threshold('R21', 'unit_exceptions') }} as unit_exceptions,
        {{ check_threshold('R21', 'unit_share') }} as unit_share

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
        case
            when judged.outcome = 'pass' then coalesce(judged.last_chi2, judged.round_share)
            when judged.clause = 'last' then judged.last_chi2
            when judged.clause = 'pair' then judged.pair_chi2
            else judged.round_share
        end as statistic,
        case
            when judged.outcome = 'pass' and judged.last_chi2 is not null
                then limits.chi2_last
            when judged.outcome = 'pass' then judged.peer_share
            when judged.clause = 'last' then limits.chi2_last
            when judged.clause = 'pair' then limits.chi2_pair
            else judged.peer_share
        end as threshold,
        case
            when judged.outcome = 'fail' and judged.clause = 'round' then judged.round_count
        end as observed,
        case
            when judged.outcome = 'fail' and judged.clause = 'round'
                then judged.digit_count * judged.peer_share
        end as expected,
        case
            when judged.outcome = 'fail' and judged.clause = 'pair' then judged.pair_count
            else judged.digit_count
        end as n_used,
        judged.p_value,
        ['own_unit', 'plans_by_share_alone', 'repeated_report'] as exemptions_checked,
        cited.evidence,
        case judged.clause
            when 'round'
                then {{ sentence(
                    '{} {} 至 {} 年 {} 个数中 {} 个是整数（末位为零），占 {}',
                    ['judged.reporting_unit', 'judged.series', 'judged.period',
                     'judged.digit_count', 'judged.round_count',
                     significant('judged.round_share', 3)],
                ) }}
            when 'pair'
                then {{ sentence(
                    '{} {} 至 {} 年 {} 个四位以上的数，末两位卡方 {}',
                    ['judged.reporting_unit', 'judged.series', 'judged.period',
                     'judged.pair_count', 'judged.pair_chi2'],
                ) }}
            else {{ sentence(
                '{} {} 至 {} 年 {} 个数，末位卡方 {}',
                ['judged.reporting_unit', 'judged.series', 'judged.period', 'judged.digit_count',
                 'judged.last_chi2'],
            ) }}
        end as facts_zh,
        case judged.clause
            when 'round'
                then {{ sentence(
                    '{} {} up to {}: {} figures, {} of them end in zero, a share of {}',
                    ['judged.reporting_unit', 'judged.series', 'judged.period',
                     'judged.digit_count', 'judged.round_count',
                     significant('judged.round_share', 3)],
                ) }}
            when 'pair'
                then {{ sentence(
                    '{} {} up to {}: {} figures of four digits, chi2 of the last two {}',
                    ['judged.reporting_unit', 'judged.series', 'judged.period',
                     'judged.pair_count', 'judged.pair_chi2'],
                ) }}
            else {{ sentence(
                '{} {} up to {}: {} figures, chi2 of the last digit {}',
                ['judged.reporting_unit', 'judged.series', 'judged.period', 'judged.digit_count',
                 'judged.last_chi2'],
            ) }}
        end as facts_en,
        case judged.clause
            when 'round'
                then {{ sentence(
                    '其他板块 {} 个数中占 {}；偶然相差如此之远的概率 {}（已乘以所做检验个数）',
                    ['judged.peer_count', significant('judged.peer_share', 3),
                     significant('judged.p_value', 3)],
                ) }}
            when 'pair'
                then {{ sentence(
                    '{} 个以上的数均匀分布时不超过 {}；偶然概率 {}（已乘以所做检验个数）',
                    ['limits.minimum_pair', 'limits.chi2_pair',
                     significant('judged.p_value', 3)],
                ) }}
            else {{ sentence(
                '均匀分布时不超过 {}；偶然概率 {}（已乘以所做检验个数；报送单位须整除其 {} 以上的数，'
                ~ '例外不超过 {} 个且不计）',
                ['limits.chi2_last', significant('judged.p_value', 3),
                 'limits.unit_share', 'limits.unit_exceptions'],
            ) }}
        end as relation_zh,
        case judged.clause
            when 'round'
                then {{ sentence(
                    'of {} figures of other boards a share of {}; probability of a share as far '
                    ~ 'off {} (times the tests made)',
                    ['judged.peer_count', significant('judged.peer_share', 3),
                     significant('judged.p_value', 3)],
                ) }}
            when 'pair'
                then {{ sentence(
                    'no more than {} where {} figures or more are even; probability {} (times the '
                    ~ 'tests made)',
                    ['limits.chi2_pair', 'limits.minimum_pair',
                     significant('judged.p_value', 3)],
                ) }}
            else {{ sentence(
                'no more than {} where digits are even; probability {} (times the tests made)',
                ['limits.chi2_last', significant('judged.p_value', 3)],
            ) }}
        end as relation_en
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
