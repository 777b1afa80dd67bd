-- Treasury tax and invoiced sales of every firm in the window of every year, all budget levels
-- summed; refunds are the negative rows (metrics.md, tax_per_mu).

with

years as (

    select
        year_no,
        window_start,
        window_end,
        is_latest
    from {{ ref('int_land__year') }}

),

item_scope as (

    select
        tax_item,
        counts_in_tax_per_mu
    from {{ ref('tax_item_scope') }}

),

payments as (

    select
        taxes.district_code,
        taxes.uscc,
        -- A row of another month than its file keeps its own treasury date (sources.md section 3).
        last_day(coalesce(taxes.tax_treasury_date, taxes.stat_period)) as month_end,
        taxes.tax_paid_yuan
    from {{ ref('fct_tax') }} as taxes
    left join item_scope on taxes.tax_item = item_scope.tax_item
    where
        taxes.uscc is not null
        -- An item that the scope does not name is tax.
        and coalesce(item_scope.counts_in_tax_per_mu, true)

),

sales as (

    select
        district_code,
        uscc,
        stat_period as month_end,
        invoiced_sales
    from {{ ref('int_sales__current') }}

),

tax_of_window as (

    select
        payments.district_code,
        payments.uscc,
        years.year_no,
        sum(payments.tax_paid_yuan) filter (where payments.tax_paid_yuan > 0) as gross_yuan,
        sum(payments.tax_paid_yuan) filter (where payments.tax_paid_yuan < 0) as refund_yuan,
        count(distinct payments.month_end) as tax_months
    from payments
    inner join years on payments.month_end between years.window_start and years.window_end
    group by payments.district_code, payments.uscc, years.year_no

),

sales_of_window as (

    select
        sales.district_code,
        sales.uscc,
        years.year_no,
        sum(sales.invoiced_sales) as invoiced_sales,
        count(distinct sales.month_end) as sales_months
    from sales
    inner join years on sales.month_end between years.window_start and years.window_end
    group by sales.district_code, sales.uscc, years.year_no

),

firm_years as (

    select
        district_code,
        uscc,
        year_no
    from tax_of_window

    union distinct

    select
        district_code,
        uscc,
        year_no
    from sales_of_window

),

final as (

    select
        firm_years.district_code,
        firm_years.uscc,
        firm_years.year_no,
        years.window_start,
        years.window_end,
        years.is_latest,
        cast(coalesce(tax_of_window.gross_yuan, 0) * 0.0001 as decimal(20, 4)) as tax_gross,
        cast(-coalesce(tax_of_window.refund_yuan, 0) * 0.0001 as decimal(20, 4)) as tax_refund,
        cast(
            (coalesce(tax_of_window.gross_yuan, 0) + coalesce(tax_of_window.refund_yuan, 0))
            * 0.0001 as decimal(20, 4)
        ) as tax_net,
        cast(coalesce(sales_of_window.invoiced_sales, 0) as decimal(20, 4)) as invoiced_sales,
        cast(coalesce(tax_of_window.tax_months, 0) as integer) as tax_months,
        cast(coalesce(sales_of_window.sales_months, 0) as integer) as sales_months
    from firm_years
    inner join years on firm_years.year_no = years.year_no
    left join tax_of_window
        on
            firm_years.district_code = tax_of_window.district_code
            and firm_years.uscc = tax_of_window.uscc
            and firm_years.year_no = tax_of_window.year_no
    left join sales_of_window
        on
            firm_years.district_code = sales_of_window.district_code
            and firm_years.uscc = sales_of_window.uscc
            and firm_years.year_no = sales_of_window.year_no

)

select
    district_code,
    uscc,
    year_no,
    window_start,
    window_end,
    is_latest,
    tax_gross,
    tax_refund,
    tax_net,
    invoiced_sales,
    tax_months,
    sales_months
from final
