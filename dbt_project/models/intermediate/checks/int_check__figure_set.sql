-- Every board, series and year: the figures up to the end of that year, and which statistics of
-- digits they are many and wide enough for (R20-R22). Peers are the other boards of the district.

with

figures as (

    select
        district_code,
        reporting_unit,
        series,
        stat_year,
        figure,
        units
    from {{ ref('int_check__figure') }}

),

boards as (

    select
        district_code,
        reporting_unit
    from {{ ref('dim_reporting_unit') }}

),

years as (

    select
        district_code,
        series,
        unnest(range(min(stat_year), year({{ as_of() }}) + 1)) as stat_year
    from figures
    group by district_code, series

),

spine as (

    select
        boards.district_code,
        boards.reporting_unit,
        years.series,
        cast(years.stat_year as integer) as stat_year
    from boards
    inner join years on boards.district_code = years.district_code

),

measured as (

    select
        spine.district_code,
        spine.reporting_unit,
        spine.series,
        spine.stat_year,
        count(figures.figure) as figure_count,
        count(distinct figures.figure) as distinct_count,
        quantile_cont(cast(figures.figure as double), 0.01) as low_figure,
        quantile_cont(cast(figures.figure as double), 0.99) as high_figure,
        count(*) filter (where figures.units >= 100) as digit_count,
        count(*) filter (where figures.units >= 1000) as pair_count,
        count(*) filter (where figures.units >= 100 and figures.units % 10 = 0) as round_count
    from spine
    left join figures
        on
            spine.district_code = figures.district_code
            and spine.reporting_unit = figures.reporting_unit
            and spine.series = figures.series
            and spine.stat_year >= figures.stat_year
    group by all

),

compared as (

    select
        *,
        sum(digit_count) over same - digit_count as peer_count,
        sum(round_count) over same - round_count as peer_round_count
    from measured
    window same as (partition by district_code, series, stat_year)

),

final as (

    select
        district_code,
        reporting_unit,
        series,
        stat_year,
        cast(stat_year as varchar) as period,
        figure_count,
        distinct_count,
        1 - distinct_count / nullif(figure_count, 0) as repeat_share,
        high_figure / nullif(low_figure, 0) as width,
        digit_count,
        pair_count,
        round_count,
        cast(peer_count as bigint) as peer_count,
        cast(peer_round_count as bigint) as peer_round_count,
        cast({{ check_threshold('R20', 'draws') }} as integer) as draws,
        cast({{ check_threshold('R22', 'shuffles') }} as integer) as shuffles,
        cast({{ check_threshold('R20', 'minimum_first') }} as integer) as least_peers,
        series <> 'output.output_value' as has_no_floor,
        series <> 'filing.planned_investment' as has_chosen_digits,
        coalesce(
            series <> 'output.output_value'
            and figure_count >= {{ check_threshold('R20', 'minimum_first') }}
            and high_figure / nullif(low_figure, 0) >= {{ check_threshold('R20', 'width') }}
            and 1 - distinct_count / nullif(figure_count, 0)
            < {{ check_threshold('R20', 'repeats') }},
            false
        ) as asks_benford,
        figure_count >= {{ check_threshold('R20', 'minimum_two') }} as asks_two_digits,
        digit_count >= {{ check_threshold('R21', 'minimum_last') }} as asks_last,
        pair_count >= {{ check_threshold('R21', 'minimum_pair') }} as asks_pair,
        peer_count >= {{ check_threshold('R21', 'minimum_last') }}
        and peer_round_count > 0
        and peer_round_count < peer_count as asks_round,
        digit_count >= {{ check_threshold('R22', 'minimum') }} as asks_frequency
    from compared

)

select
    district_code,
    reporting_unit,
    series,
    stat_year,
    period,
    figure_count,
    distinct_count,
    repeat_share,
    width,
    digit_count,
    pair_count,
    round_count,
    peer_count,
    peer_round_count,
    draws,
    shuffles,
    least_peers,
    has_no_floor,
    has_chosen_digits,
    asks_benford,
    asks_two_digits,
    asks_last,
    asks_pair,
    asks_round,
    asks_frequency
from final
