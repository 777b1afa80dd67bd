-- The windows that a month belongs to. A window exists when something of a project falls into it;
-- the plans that have begun and `all` always do.

with

contributions as (

    select placed_on
    from {{ ref('int_funnel__contribution') }}

),

months as (

    select distinct cast(date_trunc('month', placed_on) as date) as month_start
    from contributions

),

calendar_kinds as (

    select
        kinds.window_kind,
        kinds.months_long
    from (values ('month', 1), ('quarter', 3), ('year', 12)) as kinds (window_kind, months_long)

),

plans as (

    select
        spans.window_start,
        spans.window_end
    from (
        values
        (date '2021-01-01', date '2025-12-31'),
        (date '2026-01-01', date '2030-12-31')
    ) as spans (window_start, window_end)

),

final as (

    select
        months.month_start,
        calendar_kinds.window_kind,
        cast(date_trunc(calendar_kinds.window_kind, months.month_start) as date) as window_start,
        cast(
            date_trunc(calendar_kinds.window_kind, months.month_start)
            + to_months(calendar_kinds.months_long) - interval 1 day as date
        ) as window_end
    from months
    cross join calendar_kinds

    union all

    select
        months.month_start,
        'plan' as window_kind,
        plans.window_start,
        plans.window_end
    from plans
    left join months
        on
            plans.window_start <= months.month_start
            and plans.window_end >= months.month_start
    where plans.window_start <= {{ as_of() }}

    union all

    -- `all` is bounded by the earliest date that a contract accepts and by as_of.
    select
        months.month_start,
        'all' as window_kind,
        bounds.window_start,
        bounds.window_end
    from (values (date '1990-01-01', {{ as_of() }})) as bounds (window_start, window_end)
    left join months on bounds.window_end >= months.month_start

)

select
    month_start,
    window_kind,
    window_start,
    window_end
from final
