-- The windows that a month belongs to. A window exists when something of a project falls into it; the plans
-- that have begun and `all` always do.

with

contributions as (

    select placed_on
    from {{ ref('int_funnel__contribution') }}

),

months as (

    select distinct cast(date_trunc('month', placed_on) as date) as month_start
    from contributions

),

plans as (

    select
        window_start,
        window_end
    from (
        values
        (date '2021-01-01', date '2025-12-31'),
        (date '2026-01-01', date '2030-12-31')
    ) as t (window_start, window_end)

),

final as (

    {% for part in ['month', 'quarter', 'year'] %}
    select
        month_start,
        '{{ part }}' as window_kind,
        cast(date_trunc('{{ part }}', month_start) as date) as window_start,
        cast(
            date_trunc('{{ part }}', month_start) + interval 1 {{ part }} - interval 1 day as date
        ) as window_end
    from months

    union all
    {% endfor %}
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
