-- A year that is over is its twelve months; the running one is the twelve calendar months that end
-- with the last complete month (metrics.md, "Precisely").

with

tax_months as (

    select stat_period as month_end
    from {{ ref('int_tax__current') }}

),

sales_months as (

    select stat_period as month_end
    from {{ ref('int_sales__current') }}

),

months as (

    select month_end
    from tax_months

    union all

    select month_end
    from sales_months

),

bounds as (

    select
        min(month_end) as first_month,
        {{ last_full_month() }} as last_month
    from months

),

years as (

    select
        cast(series.year_no as integer) as year_no,
        bounds.last_month
    from
        bounds,
        unnest(
            generate_series(year(bounds.first_month), year(bounds.last_month))
        ) as series (year_no)

),

rules as (

    select cast({{ rule('land_rule', 'trailing_months') }} as integer) as trailing_months

),

ended as (

    select
        year_no,
        last_month,
        least(make_date(year_no, 12, 31), last_month) as window_end
    from years

),

final as (

    select
        ended.year_no,
        cast(
            date_trunc('month', ended.window_end)
            - to_months(rules.trailing_months - 1) as date
        ) as window_start,
        ended.window_end,
        ended.window_end = make_date(ended.year_no, 12, 31) as is_full_year,
        ended.window_end = ended.last_month as is_latest
    from ended
    cross join rules

)

select
    year_no,
    window_start,
    window_end,
    is_full_year,
    is_latest
from final
