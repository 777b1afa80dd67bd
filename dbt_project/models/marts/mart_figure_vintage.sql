with

followed as (

    select distinct
        source,
        figure
    from {{ ref('vintage_figure') }}
    where effective_from <= {{ as_of() }}

),

versions as (

    select
        source,
        district_code,
        reporting_unit,
        event_on,
        valid_from,
        valid_to,
        row_count,
        unnest(figures) as stated
    from {{ ref('int_figure__row') }}
    where
        not is_withdrawn
        -- Nothing is known in a mart of what happened after as_of (metrics.md, "Precisely").
        and event_on <= {{ as_of() }}

),

revisions as (

    select
        source,
        district_code,
        figure,
        reporting_unit,
        stat_period,
        least(last_day(received_on), {{ known_on() }}) as known_on,
        change
    from {{ ref('fct_figure_revision') }}
    where stat_period is not null

),

contract_columns as (

    select
        source,
        column_name,
        label_zh,
        unit
    from {{ ref('stg_contract_column') }}

),

stated_figures as (

    select
        source,
        district_code,
        reporting_unit,
        event_on,
        valid_from,
        valid_to,
        row_count,
        stated.figure,
        stated.amount
    from versions

),

-- Known from the first month end on by which it had been received and had happened.
placed as (

    select
        stated_figures.source,
        stated_figures.district_code,
        stated_figures.figure,
        stated_figures.reporting_unit,
        last_day(stated_figures.event_on) as stat_period,
        stated_figures.amount,
        stated_figures.row_count,
        least(
            last_day(greatest(stated_figures.valid_from, stated_figures.event_on)), {{ known_on() }}
        ) as known_from,
        case
            when stated_figures.valid_to is not null
                then least(last_day(stated_figures.valid_to), {{ known_on() }})
        end as known_to
    from stated_figures
    inner join followed
        on
            stated_figures.source = followed.source
            and stated_figures.figure = followed.figure
    where stated_figures.amount is not null

),

-- A version that did not last to a month end was never known at one.
changes as (

    select
        source,
        district_code,
        figure,
        reporting_unit,
        stat_period,
        known_from as known_on,
        amount,
        row_count
    from placed
    where coalesce(known_to > known_from, true)

    union all

    select
        source,
        district_code,
        figure,
        reporting_unit,
        stat_period,
        known_to as known_on,
        -amount as amount,
        -row_count as row_count
    from placed
    where known_to > known_from

),

changed as (

    select
        source,
        district_code,
        figure,
        reporting_unit,
        stat_period,
        known_on,
        sum(amount) as amount,
        sum(row_count) as row_count
    from changes
    group by source, district_code, figure, reporting_unit, stat_period, known_on

),

figures as (

    select
        source,
        district_code,
        figure,
        reporting_unit,
        stat_period,
        min(known_on) as first_known_on
    from changed
    group by source, district_code, figure, reporting_unit, stat_period

),

known_points as (

    select distinct least(last_day(cast(month_start as date)), {{ known_on() }}) as known_on
    from
        (select min(first_known_on) as first_known_on from figures) as bounds,
        unnest(
            generate_series(
                date_trunc('month', first_known_on), {{ known_on() }}, interval 1 month
            )
        ) as series (month_start)

),

restated as (

    select
        source,
        district_code,
        figure,
        reporting_unit,
        stat_period,
        known_on,
        count(*) as restated_count,
        sum(change) as restated_amount
    from revisions
    group by source, district_code, figure, reporting_unit, stat_period, known_on

),

running as (

    select
        figures.source,
        figures.district_code,
        figures.figure,
        figures.reporting_unit,
        figures.stat_period,
        known_points.known_on,
        sum(coalesce(changed.amount, 0)) over figure_so_far as amount,
        sum(coalesce(changed.row_count, 0)) over figure_so_far as row_count
    from figures
    inner join known_points on figures.first_known_on <= known_points.known_on
    left join changed
        on
            figures.source = changed.source
            and figures.district_code = changed.district_code
            and figures.figure = changed.figure
            and figures.reporting_unit = changed.reporting_unit
            and figures.stat_period = changed.stat_period
            and known_points.known_on = changed.known_on
    window figure_so_far as (
        partition by
            figures.source,
            figures.district_code,
            figures.figure,
            figures.reporting_unit,
            figures.stat_period
        order by known_points.known_on
        rows between unbounded preceding and current row
    )

),

ends as (

    select
        source,
        district_code,
        figure,
        reporting_unit,
        stat_period,
        arg_min(amount, known_on) as first_amount,
        arg_max(amount, known_on) as amount_now,
        arg_max(row_count, known_on) as row_count_now
    from running
    group by source, district_code, figure, reporting_unit, stat_period

),

final as (

    select
        running.district_code,
        running.source,
        running.figure,
        case
            when running.figure = 'row_count' then '行数'
            else regexp_replace(contract_columns.label_zh, '[（(][^（(]*[)）]$', '')
        end as figure_zh,
        case when running.figure = 'row_count' then '行' else contract_columns.unit end as unit,
        running.reporting_unit,
        running.stat_period,
        running.known_on,
        running.known_on = {{ known_on() }} as is_now,
        cast(running.amount as decimal(20, 4)) as value,
        cast(running.row_count as bigint) as row_count,
        cast(ends.first_amount as decimal(20, 4)) as first_value,
        cast(ends.amount_now as decimal(20, 4)) as value_now,
        cast(ends.row_count_now as bigint) as row_count_now,
        cast(ends.amount_now - running.amount as decimal(20, 4)) as revised_since,
        cast(coalesce(restated.restated_count, 0) as integer) as restated_count,
        cast(coalesce(restated.restated_amount, 0) as decimal(20, 4)) as restated_amount
    from running
    inner join ends
        on
            running.source = ends.source
            and running.district_code = ends.district_code
            and running.figure = ends.figure
            and running.reporting_unit = ends.reporting_unit
            and running.stat_period = ends.stat_period
    left join restated
        on
            running.source = restated.source
            and running.district_code = restated.district_code
            and running.figure = restated.figure
            and running.reporting_unit = restated.reporting_unit
            and running.stat_period = restated.stat_period
            and running.known_on = restated.known_on
    left join contract_columns
        on
            running.source = contract_columns.source
            and running.figure = contract_columns.column_name

)

select
    district_code,
    source,
    figure,
    figure_zh,
    unit,
    reporting_unit,
    stat_period,
    known_on,
    is_now,
    value,
    row_count,
    first_value,
    value_now,
    row_count_now,
    revised_since,
    restated_count,
    restated_amount
from final
