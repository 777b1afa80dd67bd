-- Sales and treasury tax of every firm that has a project, month by month without gaps, and their
-- trailing 12 months. A month is in when its last day <= as_of (metrics.md "Precisely"); one
-- without a row is 0.

with

firms as (

    select distinct
        district_code,
        uscc
    from {{ ref('int_project') }}
    where uscc is not null

),

sales as (

    select
        district_code,
        uscc,
        stat_period as month_end,
        invoiced_sales
    from {{ ref('int_sales__current') }}
    where stat_period <= {{ as_of() }}

),

tax_rows as (

    select
        district_code,
        uscc,
        tax_item,
        tax_paid,
        -- A row of another month than its file keeps its own treasury date (sources.md section 3).
        last_day(coalesce(tax_treasury_date, stat_period)) as month_end
    from {{ ref('int_tax__current') }}
    where last_day(coalesce(tax_treasury_date, stat_period)) <= {{ as_of() }}

),

item_scope as (

    select
        tax_item,
        counts_on_target
    from {{ ref('tax_item_scope') }}

),

counted_tax as (

    select
        tax_rows.district_code,
        tax_rows.uscc,
        tax_rows.month_end,
        tax_rows.tax_paid
    from tax_rows
    left join item_scope on tax_rows.tax_item = item_scope.tax_item
    -- An item that the scope does not name is tax.
    where coalesce(item_scope.counts_on_target, true)

),

-- Legacy 15-digit ids are found by their organisation code: characters 9-17 of the credit code.
firm_tax as (

    select
        firms.district_code,
        firms.uscc,
        counted_tax.month_end,
        counted_tax.tax_paid
    from firms
    inner join counted_tax
        on
            firms.district_code = counted_tax.district_code
            and firms.uscc = counted_tax.uscc

    union all

    select
        firms.district_code,
        firms.uscc,
        counted_tax.month_end,
        counted_tax.tax_paid
    from firms
    inner join counted_tax
        on
            firms.district_code = counted_tax.district_code
            and substr(firms.uscc, 9, 9) = substr(counted_tax.uscc, 7, 9)
    where
        length(firms.uscc) = 18
        and length(counted_tax.uscc) = 15

),

flows as (

    select
        district_code,
        uscc,
        month_end,
        invoiced_sales,
        cast(0 as decimal(18, 6)) as tax_paid
    from sales

    union all

    select
        district_code,
        uscc,
        month_end,
        cast(0 as decimal(18, 6)) as invoiced_sales,
        tax_paid
    from firm_tax

),

monthly as (

    select
        district_code,
        uscc,
        month_end,
        cast(sum(invoiced_sales) as decimal(28, 6)) as invoiced_sales,
        cast(sum(tax_paid) as decimal(28, 6)) as tax_paid
    from flows
    group by district_code, uscc, month_end

),

bounds as (

    select
        min(month_end) as first_month,
        {{ last_full_month() }} as last_month
    from monthly

),

months as (

    select last_day(cast(month_start as date)) as month_end
    from
        bounds,
        unnest(
            generate_series(date_trunc('month', first_month), last_month, interval 1 month)
        ) as series (month_start)

),

dense as (

    select
        firms.district_code,
        firms.uscc,
        months.month_end,
        coalesce(monthly.invoiced_sales, 0) as invoiced_sales,
        coalesce(monthly.tax_paid, 0) as tax_paid
    from firms
    cross join months
    left join monthly
        on
            firms.district_code = monthly.district_code
            and firms.uscc = monthly.uscc
            and months.month_end = monthly.month_end

),

rules as (

    select
        cast({{ rule('stage_rule', 'on_target_trailing_months') }} as integer) as trailing_months

),

running as (

    select
        district_code,
        uscc,
        month_end,
        invoiced_sales,
        tax_paid,
        sum(invoiced_sales) over running_total as running_sales,
        sum(tax_paid) over running_total as running_tax
    from dense
    window running_total as (
        partition by district_code, uscc
        order by month_end
        rows between unbounded preceding and current row
    )

),

-- The trailing 12 months are the running total less that of 12 months before.
final as (

    select
        running.district_code,
        running.uscc,
        running.month_end,
        running.invoiced_sales,
        running.tax_paid,
        cast(
            running.running_sales
            - lag(running.running_sales, rules.trailing_months, 0) over firm_months
            as decimal(28, 6)
        ) as trailing_sales,
        cast(
            running.running_tax
            - lag(running.running_tax, rules.trailing_months, 0) over firm_months
            as decimal(28, 6)
        ) as trailing_tax
    from running
    cross join rules
    window firm_months as (
        partition by running.district_code, running.uscc
        order by running.month_end
    )

)

select
    district_code,
    uscc,
    month_end,
    invoiced_sales,
    tax_paid,
    trailing_sales,
    trailing_tax
from final
