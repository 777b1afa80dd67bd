-- A firm in the window of a year: land, tax, sales, investment and floor, side by side. A firm
-- without a row in a month's tax detail paid nothing in it, as long as the month was delivered.

with

years as (

    select
        year_no,
        window_start,
        window_end,
        is_full_year,
        is_latest
    from {{ ref('int_land__year') }}

),

areas as (

    select
        district_code,
        uscc,
        year_no,
        owned_mu,
        leased_mu,
        leased_out_mu,
        area_mu,
        evaluated_mu,
        unallocated_parcel_count
    from {{ ref('int_land__area') }}

),

taxes as (

    select
        district_code,
        uscc,
        year_no,
        tax_gross,
        tax_refund,
        tax_net,
        invoiced_sales
    from {{ ref('int_land__firm_tax') }}

),

tax_deliveries as (

    select
        delivered.district_code,
        years.year_no,
        cast(count(distinct delivered.stat_period) as integer) as tax_months_delivered
    from {{ ref('int_tax__current') }} as delivered
    inner join years on delivered.stat_period between years.window_start and years.window_end
    group by delivered.district_code, years.year_no

),

sales_deliveries as (

    select
        delivered.district_code,
        years.year_no,
        cast(count(distinct delivered.stat_period) as integer) as sales_months_delivered
    from {{ ref('int_sales__current') }} as delivered
    inner join years on delivered.stat_period between years.window_start and years.window_end
    group by delivered.district_code, years.year_no

),

first_sales as (

    select
        district_code,
        uscc,
        min(stat_period) as first_sales_month
    from {{ ref('int_sales__current') }}
    where
        invoiced_sales > 0
        and stat_period <= {{ as_of() }}
    group by district_code, uscc

),

-- The list of the year, or the last one before it that has been delivered.
list_years as (

    select
        lists.district_code,
        years.year_no,
        max(lists.stat_year) as stat_year
    from {{ ref('int_above_scale__current') }} as lists
    inner join years on lists.stat_year <= years.year_no
    group by lists.district_code, years.year_no

),

above_scale as (

    select distinct
        lists.district_code,
        lists.uscc,
        list_years.year_no
    from {{ ref('int_above_scale__current') }} as lists
    inner join list_years
        on
            lists.district_code = list_years.district_code
            and lists.stat_year = list_years.stat_year

),

projects as (

    select
        district_code,
        uscc,
        reporting_unit,
        signing_date,
        project_id
    from {{ ref('int_project') }}
    where uscc is not null

),

project_units as (

    select
        district_code,
        uscc,
        arg_max(reporting_unit, (coalesce(signing_date, date '1990-01-01'), project_id))
        filter (where reporting_unit is not null) as reporting_unit
    from projects
    group by district_code, uscc

),

built as (

    select
        district_code,
        uscc,
        year_no,
        sum(fixed_investment) as fixed_investment,
        sum(floor_area) as floor_area
    from {{ ref('int_land__project') }}
    group by district_code, uscc, year_no

),

firm_years as (

    select
        district_code,
        uscc,
        year_no
    from areas

    union distinct

    select
        district_code,
        uscc,
        year_no
    from taxes

),

firms as (

    select
        district_code,
        uscc,
        company_name,
        reporting_unit,
        {{ industry_key("industry_code") }} as industry_code
    from {{ ref('int_enterprise') }}

),

industries as (

    select
        code,
        section_code
    from {{ ref('gbt4754') }}

),

final as (

    select
        firm_years.district_code,
        firm_years.uscc,
        firm_years.year_no,
        years.window_start,
        years.window_end,
        years.is_full_year,
        years.is_latest,
        firms.company_name,
        coalesce(firms.reporting_unit, project_units.reporting_unit, '未知') as reporting_unit,
        firms.industry_code,
        coalesce(industries.section_code, '未知') as industry_section,
        case
            when regexp_matches(firms.industry_code, '^\d{2}') then left(firms.industry_code, 2)
            else '未知'
        end as industry_division,
        above_scale.uscc is not null as is_above_scale,
        first_sales.first_sales_month,
        areas.owned_mu,
        areas.leased_mu,
        areas.leased_out_mu,
        areas.area_mu,
        areas.evaluated_mu,
        coalesce(areas.unallocated_parcel_count, 0) as unallocated_parcel_count,
        coalesce(tax_deliveries.tax_months_delivered, 0) as tax_months_delivered,
        coalesce(sales_deliveries.sales_months_delivered, 0) as sales_months_delivered,
        case when tax_deliveries.tax_months_delivered > 0 then coalesce(taxes.tax_gross, 0) end
            as tax_gross,
        case when tax_deliveries.tax_months_delivered > 0 then coalesce(taxes.tax_refund, 0) end
            as tax_refund,
        case when tax_deliveries.tax_months_delivered > 0 then coalesce(taxes.tax_net, 0) end
            as tax_net,
        case
            when sales_deliveries.sales_months_delivered > 0
                then coalesce(taxes.invoiced_sales, 0)
        end as invoiced_sales,
        cast(built.fixed_investment as decimal(20, 4)) as fixed_investment,
        cast(built.floor_area as decimal(20, 4)) as floor_area
    from firm_years
    inner join years on firm_years.year_no = years.year_no
    left join firms
        on
            firm_years.district_code = firms.district_code
            and firm_years.uscc = firms.uscc
    left join industries on firms.industry_code = industries.code
    left join project_units
        on
            firm_years.district_code = project_units.district_code
            and firm_years.uscc = project_units.uscc
    left join areas
        on
            firm_years.district_code = areas.district_code
            and firm_years.uscc = areas.uscc
            and firm_years.year_no = areas.year_no
    left join taxes
        on
            firm_years.district_code = taxes.district_code
            and firm_years.uscc = taxes.uscc
            and firm_years.year_no = taxes.year_no
    left join tax_deliveries
        on
            firm_years.district_code = tax_deliveries.district_code
            and firm_years.year_no = tax_deliveries.year_no
    left join sales_deliveries
        on
            firm_years.district_code = sales_deliveries.district_code
            and firm_years.year_no = sales_deliveries.year_no
    left join above_scale
        on
            firm_years.district_code = above_scale.district_code
            and firm_years.uscc = above_scale.uscc
            and firm_years.year_no = above_scale.year_no
    left join first_sales
        on
            firm_years.district_code = first_sales.district_code
            and firm_years.uscc = first_sales.uscc
    left join built
        on
            firm_years.district_code = built.district_code
            and firm_years.uscc = built.uscc
            and firm_years.year_no = built.year_no

)

select
    district_code,
    uscc,
    year_no,
    window_start,
    window_end,
    is_full_year,
    is_latest,
    company_name,
    reporting_unit,
    industry_code,
    industry_section,
    industry_division,
    is_above_scale,
    first_sales_month,
    owned_mu,
    leased_mu,
    leased_out_mu,
    area_mu,
    evaluated_mu,
    unallocated_parcel_count,
    tax_months_delivered,
    sales_months_delivered,
    tax_gross,
    tax_refund,
    tax_net,
    invoiced_sales,
    fixed_investment,
    floor_area
from final
