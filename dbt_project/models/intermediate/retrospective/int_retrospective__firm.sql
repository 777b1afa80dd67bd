-- What every firm with a project had on each day that is looked at: sales and treasury tax of the
-- last 12 months, the land it uses, whether it stands in the list of firms above scale.

with

points as (

    select distinct closes_on
    from {{ ref('int_retrospective__point') }}

),

projects as (

    select
        district_code,
        uscc
    from {{ ref('fct_project_funnel') }}
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

payments as (

    select
        district_code,
        uscc,
        tax_item,
        tax_paid_yuan,
        last_day(coalesce(tax_treasury_date, stat_period)) as month_end
    from {{ ref('fct_tax') }}
    where uscc is not null

),

item_scope as (

    select
        tax_item,
        counts_in_tax_per_mu
    from {{ ref('tax_item_scope') }}

),

parcels as (

    select
        district_code,
        uscc,
        allocated_mu,
        contract_sign_date
    from {{ ref('int_land__parcel') }}
    where uscc is not null

),

leases as (

    select
        district_code,
        uscc,
        leased_mu,
        leased_out_mu,
        evaluated_mu,
        counts_from,
        counts_to
    from {{ ref('int_land__lease') }}
    where uscc is not null

),

listed as (

    select
        district_code,
        uscc,
        stat_year,
        above_scale_date
    from {{ ref('int_above_scale__current') }}

),

firms as (

    select distinct
        district_code,
        uscc
    from projects

),

-- A month is in when its last day is: the 12 months that end with the last complete one.
spans as (

    select
        closes_on,
        last_day(cast(
            closes_on + interval 1 day - to_months(1 + cast(
                {{ rule('land_rule', 'trailing_months') }} as integer
            )) as date
        )) as after_month,
        last_day(cast(closes_on + interval 1 day - interval 1 month as date)) as last_month
    from points

),

flows as (

    select
        district_code,
        uscc,
        month_end,
        invoiced_sales,
        cast(0 as decimal(28, 6)) as tax_gross,
        cast(0 as decimal(28, 6)) as tax_refund
    from sales

    union all

    -- An item that the scope does not name is tax; a refund is a negative payment, told as a
    -- positive figure.
    select
        payments.district_code,
        payments.uscc,
        payments.month_end,
        cast(0 as decimal(28, 6)) as invoiced_sales,
        cast(greatest(payments.tax_paid_yuan, 0) * 0.0001 as decimal(28, 6)) as tax_gross,
        cast(greatest(-payments.tax_paid_yuan, 0) * 0.0001 as decimal(28, 6)) as tax_refund
    from payments
    left join item_scope on payments.tax_item = item_scope.tax_item
    where coalesce(item_scope.counts_in_tax_per_mu, true)

),

firm_months as (

    select
        flows.district_code,
        flows.uscc,
        flows.month_end,
        sum(flows.invoiced_sales) as invoiced_sales,
        sum(flows.tax_gross) as tax_gross,
        sum(flows.tax_refund) as tax_refund
    from flows
    inner join firms
        on
            flows.district_code = firms.district_code
            and flows.uscc = firms.uscc
    group by flows.district_code, flows.uscc, flows.month_end

),

twelve_months as (

    select
        firm_months.district_code,
        firm_months.uscc,
        spans.closes_on,
        sum(firm_months.invoiced_sales) as invoiced_sales,
        sum(firm_months.tax_gross) as tax_gross,
        sum(firm_months.tax_refund) as tax_refund
    from firm_months
    inner join spans
        on
            firm_months.month_end > spans.after_month
            and firm_months.month_end <= spans.last_month
    group by firm_months.district_code, firm_months.uscc, spans.closes_on

),

owned as (

    select
        parcels.district_code,
        parcels.uscc,
        points.closes_on,
        sum(parcels.allocated_mu) as owned_mu
    from parcels
    inner join points on parcels.contract_sign_date <= points.closes_on
    group by parcels.district_code, parcels.uscc, points.closes_on

),

leased as (

    select
        leases.district_code,
        leases.uscc,
        points.closes_on,
        sum(coalesce(leases.leased_mu, 0) - coalesce(leases.leased_out_mu, 0)) as leased_mu,
        sum(leases.evaluated_mu) as evaluated_mu
    from leases
    inner join points
        on
            leases.counts_from <= points.closes_on
            and coalesce(leases.counts_to > points.closes_on, true)
    group by leases.district_code, leases.uscc, points.closes_on

),

-- The list of the year; before it has arrived, the last one.
lists as (

    select
        points.closes_on,
        listed.district_code,
        max(listed.stat_year) as stat_year
    from points
    inner join listed on year(points.closes_on) >= listed.stat_year
    group by points.closes_on, listed.district_code

),

above_scale as (

    select distinct
        lists.closes_on,
        listed.district_code,
        listed.uscc
    from lists
    inner join listed
        on
            lists.district_code = listed.district_code
            and lists.stat_year = listed.stat_year
    where coalesce(listed.above_scale_date <= lists.closes_on, true)

),

final as (

    select
        firms.district_code,
        firms.uscc,
        points.closes_on,
        cast(coalesce(twelve_months.invoiced_sales, 0) as decimal(20, 4)) as invoiced_sales_12m,
        cast(
            coalesce(twelve_months.tax_gross - twelve_months.tax_refund, 0) as decimal(20, 4)
        ) as tax_12m,
        cast(coalesce(twelve_months.tax_gross, 0) as decimal(20, 4)) as tax_gross_12m,
        cast(coalesce(twelve_months.tax_refund, 0) as decimal(20, 4)) as tax_refund_12m,
        cast(
            coalesce(owned.owned_mu, 0) + coalesce(leased.leased_mu, 0) as decimal(20, 4)
        ) as land_mu,
        cast(coalesce(leased.evaluated_mu, 0) as decimal(20, 4)) as evaluated_mu,
        above_scale.uscc is not null as is_above_scale
    from firms
    cross join points
    left join twelve_months
        on
            firms.district_code = twelve_months.district_code
            and firms.uscc = twelve_months.uscc
            and points.closes_on = twelve_months.closes_on
    left join owned
        on
            firms.district_code = owned.district_code
            and firms.uscc = owned.uscc
            and points.closes_on = owned.closes_on
    left join leased
        on
            firms.district_code = leased.district_code
            and firms.uscc = leased.uscc
            and points.closes_on = leased.closes_on
    left join above_scale
        on
            firms.district_code = above_scale.district_code
            and firms.uscc = above_scale.uscc
            and points.closes_on = above_scale.closes_on

)

select
    district_code,
    uscc,
    closes_on,
    invoiced_sales_12m,
    tax_12m,
    tax_gross_12m,
    tax_refund_12m,
    land_mu,
    evaluated_mu,
    is_above_scale
from final
