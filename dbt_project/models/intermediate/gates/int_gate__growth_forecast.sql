-- When a watched project is likely to be 达效. Method: a least-squares line through the monthly sales
-- and one through the monthly tax since production (at most the last 12 months) are drawn on; the
-- month is the first one whose 12 months up to it, actual and drawn, reach both terms. The band is
-- that of the line's mean. Few months give no forecast.

with

terms as (

    select
        project_id,
        district_code,
        uscc,
        produced_on,
        months_in_production,
        target_sales,
        target_tax,
        base_sales,
        base_tax
    from {{ ref('int_gate__terms') }}
    where
        target_sales is not null
        and target_tax is not null

),

on_targets as (

    select project_id
    from {{ ref('int_stage__on_target') }}
    where variant = 'main'

),

firm_months as (

    select
        district_code,
        uscc,
        month_end,
        invoiced_sales,
        tax_paid
    from {{ ref('int_stage__firm_month') }}

),

-- A month that the tax office has not delivered yet is no month without sales.
sales_rows as (

    select
        district_code,
        stat_period
    from {{ ref('int_sales__current') }}

),

tax_rows as (

    select
        district_code,
        stat_period
    from {{ ref('int_tax__current') }}

),

sales_months as (

    select
        district_code,
        max(stat_period) as last_month
    from sales_rows
    group by district_code

),

tax_months as (

    select
        district_code,
        max(stat_period) as last_month
    from tax_rows
    group by district_code

),

delivered as (

    select
        sales_months.district_code,
        least(sales_months.last_month, tax_months.last_month, {{ last_full_month() }})
            as last_month
    from sales_months
    inner join tax_months on sales_months.district_code = tax_months.district_code

),

rules as (

    select
        cast({{ gate_value('growth_watch', 'months') }} as integer) as watch_months,
        cast({{ gate_value('growth_forecast', 'min_months') }} as integer) as min_points,
        cast({{ gate_value('growth_forecast', 'max_months') }} as integer) as max_points,
        cast({{ gate_value('growth_forecast', 'horizon') }} as integer) as horizon,
        cast({{ gate_value('growth_forecast', 'quantile') }} as double) as quantile,
        cast({{ rule('stage_rule', 'on_target_min_months') }} as integer) as min_months,
        cast({{ rule('stage_rule', 'on_target_trailing_months') }} as integer) as trailing_months

),

watched as (

    select
        terms.project_id,
        terms.district_code,
        terms.uscc,
        terms.produced_on,
        datediff('month', terms.produced_on, delivered.last_month) as last_month_no,
        terms.target_sales,
        terms.target_tax,
        terms.base_sales,
        terms.base_tax,
        rules.min_points,
        rules.max_points,
        rules.horizon,
        rules.quantile,
        rules.min_months,
        rules.trailing_months
    from terms
    inner join delivered on terms.district_code = delivered.district_code
    cross join rules
    where
        terms.months_in_production <= rules.watch_months
        and terms.project_id not in (select on_targets.project_id from on_targets)

),

actual_months as (

    select
        watched.project_id,
        kinds.measure,
        datediff('month', watched.produced_on, firm_months.month_end) as month_no,
        cast(
            case kinds.measure
                when 'sales' then firm_months.invoiced_sales
                else firm_months.tax_paid
            end as decimal(18, 2)
        ) as amount,
        watched.last_month_no,
        watched.max_points,
        watched.trailing_months
    from watched
    inner join firm_months
        on
            watched.district_code = firm_months.district_code
            and watched.uscc = firm_months.uscc
    cross join (values ('sales'), ('tax')) as kinds (measure)

),

-- Exact sums first: only the few numbers that come of them are floating.
sums as (

    select
        project_id,
        measure,
        count(*) as points,
        cast(sum(month_no) as double) as sum_x,
        cast(sum(month_no * month_no) as double) as sum_xx,
        cast(sum(amount) as double) as sum_y,
        cast(sum(month_no * amount) as double) as sum_xy,
        cast(
            sum(cast(amount as decimal(24, 2)) * cast(amount as decimal(18, 2))) as double
        ) as sum_yy
    from actual_months
    where
        month_no > last_month_no - max_points
        and month_no between 0 and last_month_no
    group by project_id, measure

),

slopes as (

    select
        project_id,
        measure,
        points,
        sum_x / points as mean_x,
        sum_y / points as mean_y,
        sum_xx - sum_x * sum_x / points as s_xx,
        sum_yy - sum_y * sum_y / points as s_yy,
        (sum_xy - sum_x * sum_y / points) / (sum_xx - sum_x * sum_x / points) as slope
    from sums
    where points > 2

),

lines as (

    select
        project_id,
        measure,
        points,
        mean_x,
        mean_y,
        s_xx,
        slope,
        greatest(s_yy - slope * slope * s_xx, 0) / (points - 2) as residual_variance
    from slopes

),

bounds as (

    select
        sides.bound,
        sides.side
    from (values ('earliest', 1), ('middle', 0), ('latest', -1)) as sides (bound, side)

),

drawn_months as (

    select
        watched.project_id,
        lines.measure,
        bounds.bound,
        watched.last_month_no + ahead.months_ahead as month_no,
        -- Sales and tax drawn on never fall below nothing.
        cast(
            greatest(
                lines.mean_y
                + lines.slope * (watched.last_month_no + ahead.months_ahead - lines.mean_x)
                + bounds.side * watched.quantile * sqrt(
                    lines.residual_variance * (
                        1.0 / lines.points
                        + pow(watched.last_month_no + ahead.months_ahead - lines.mean_x, 2)
                        / lines.s_xx
                    )
                ),
                0
            ) as decimal(18, 2)
        ) as amount
    from watched
    inner join lines
        on
            watched.project_id = lines.project_id
            and watched.min_points <= lines.points
    cross join bounds
    cross join unnest(generate_series(1, watched.horizon)) as ahead (months_ahead)

),

series as (

    select
        actual_months.project_id,
        actual_months.measure,
        bounds.bound,
        actual_months.month_no,
        actual_months.amount
    from actual_months
    cross join bounds
    where
        actual_months.month_no > actual_months.last_month_no - actual_months.trailing_months
        and actual_months.month_no <= actual_months.last_month_no

    union all

    select
        project_id,
        measure,
        bound,
        month_no,
        amount
    from drawn_months

),

running as (

    select
        project_id,
        measure,
        bound,
        month_no,
        sum(amount) over (
            partition by project_id, measure, bound
            order by month_no
            rows between unbounded preceding and current row
        ) as running_amount
    from series

),

trailing_sums as (

    select
        running.project_id,
        running.measure,
        running.bound,
        running.month_no,
        running.running_amount - lag(running.running_amount, rules.trailing_months, 0) over (
            partition by running.project_id, running.measure, running.bound
            order by running.month_no
        ) as trailing_amount
    from running
    cross join rules

),

reached as (

    select
        watched.project_id,
        trailing_sums.bound,
        trailing_sums.month_no
    from watched
    inner join trailing_sums on watched.project_id = trailing_sums.project_id
    where
        trailing_sums.month_no > watched.last_month_no
        and trailing_sums.month_no >= watched.min_months
    group by watched.project_id, trailing_sums.bound, trailing_sums.month_no
    having
        bool_and(case trailing_sums.measure
            when 'sales'
                then trailing_sums.trailing_amount - watched.base_sales >= watched.target_sales
            else trailing_sums.trailing_amount - watched.base_tax >= watched.target_tax
        end)

),

first_months as (

    select
        project_id,
        min(month_no) filter (where bound = 'earliest') as earliest_no,
        min(month_no) filter (where bound = 'middle') as middle_no,
        min(month_no) filter (where bound = 'latest') as latest_no
    from reached
    group by project_id

),

points as (

    select
        project_id,
        max(points) as points
    from sums
    group by project_id

),

final as (

    select
        watched.project_id,
        cast(coalesce(points.points, 0) as integer) as forecast_points,
        last_day({{ months_after("watched.produced_on", "first_months.middle_no") }})
            as forecast_on,
        last_day({{ months_after("watched.produced_on", "first_months.earliest_no") }})
            as forecast_earliest_on,
        last_day({{ months_after("watched.produced_on", "first_months.latest_no") }})
            as forecast_latest_on,
        case
            when coalesce(points.points, 0) < watched.min_points then 'too_short'
            when first_months.middle_no is null then 'not_within_horizon'
        end as no_forecast_reason
    from watched
    left join first_months on watched.project_id = first_months.project_id
    left join points on watched.project_id = points.project_id

)

select
    project_id,
    forecast_points,
    forecast_on,
    forecast_earliest_on,
    forecast_latest_on,
    no_forecast_reason
from final
