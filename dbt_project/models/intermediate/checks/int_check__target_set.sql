-- R18: the years of a board and metric up to a year, counted; and of all metrics of a board
-- together (metric null). Years that are not over, and targets that came after them, are no years.

with

years as (

    select
        district_code,
        reporting_unit,
        metric,
        stat_year,
        target_value,
        done_value,
        is_closed and is_set_in_time as is_asked,
        is_closed and not is_set_in_time as is_late
    from {{ ref('int_check__target_year') }}

),

boards as (

    select
        district_code,
        reporting_unit
    from {{ ref('dim_reporting_unit') }}

),

periods as (

    select
        district_code,
        unnest(range(min(stat_year), year({{ as_of() }}) + 1)) as stat_year
    from years
    group by district_code

),

metrics as (

    select distinct
        district_code,
        reporting_unit,
        metric
    from years

    union

    select
        boards.district_code,
        boards.reporting_unit,
        unnest(['完成投资', null]) as metric
    from boards

),

marked as (

    select
        *,
        is_asked
        and abs(done_value - target_value)
        <= target_value * {{ check_threshold('R18', 'on_target') }} as is_on_target,
        -- Nothing at all is no percentage that anybody aimed at.
        is_asked
        and done_value > 0
        and abs(
            done_value * 100 - cast(round(done_value * 100 / target_value) as bigint) * target_value
        ) <= target_value * {{ check_threshold('R18', 'percent_width') }} as is_whole_percent,
        is_asked
        and done_value >= target_value
        and done_value < target_value * (1 + {{ check_threshold('R18', 'band') }}) as is_just_above,
        is_asked
        and done_value < target_value
        and done_value >= target_value * (1 - {{ check_threshold('R18', 'band') }}) as is_just_below
    from years

),

final as (

    select
        boards.district_code,
        boards.reporting_unit,
        metrics.metric,
        cast(periods.stat_year as integer) as stat_year,
        cast(periods.stat_year as varchar) as period,
        count(*) filter (where marked.is_asked) as year_count,
        count(*) filter (where marked.is_late) as late_count,
        count(*) filter (where marked.is_on_target) as on_target_count,
        count(*) filter (where marked.is_whole_percent) as whole_count,
        count(*) filter (where marked.is_just_above) as above_count,
        count(*) filter (where marked.is_just_below) as below_count,
        cast({{ check_threshold('R18', 'percent_width') }} as double) as percent_width,
        cast({{ check_threshold('R18', 'draws') }} as integer) as draws
    from boards
    inner join metrics
        on
            boards.district_code = metrics.district_code
            and boards.reporting_unit = metrics.reporting_unit
    inner join periods on boards.district_code = periods.district_code
    left join marked
        on
            boards.district_code = marked.district_code
            and boards.reporting_unit = marked.reporting_unit
            and (metrics.metric is null or metrics.metric = marked.metric)
            and periods.stat_year >= marked.stat_year
    group by all

)

select
    district_code,
    reporting_unit,
    metric,
    stat_year,
    period,
    year_count,
    late_count,
    on_target_count,
    whole_count,
    above_count,
    below_count,
    percent_width,
    draws
from final
