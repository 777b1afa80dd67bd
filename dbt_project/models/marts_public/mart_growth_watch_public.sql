with

members as (

    select
        district_code,
        cut_kind,
        cut_value,
        window_end,
        project_count,
        invoiced_sales,
        tax_net,
        kwh_12m,
        insured_headcount
    from {{ ref('int_public__growth') }}

),

decisions as (

    select
        quantity,
        cell,
        is_shown
    from {{ ref('int_public__suppression') }}

),

cells as (

    select
        district_code,
        cut_kind,
        cut_value,
        window_end,
        {{ public_cell("'growth'", ["district_code", "cut_kind", "cut_value"]) }} as cell,
        sum(project_count) as project_count,
        count(*) as firm_count,
        sum(invoiced_sales) as invoiced_sales,
        sum(tax_net) as tax_net,
        sum(kwh_12m) as kwh_12m,
        sum(insured_headcount) as insured_headcount
    from members
    group by all

),

final as (

    select
        cells.district_code,
        cells.cut_kind,
        cells.cut_value,
        cells.window_end,
        cast(cells.project_count as integer) as project_count,
        cast(cells.firm_count as integer) as firm_count,
        cast(case when sales.is_shown then cells.invoiced_sales end as decimal(20, 4))
            as invoiced_sales,
        sales.is_shown is false as is_sales_suppressed,
        cast(case when tax.is_shown then cells.tax_net end as decimal(20, 4)) as tax_net,
        tax.is_shown is false as is_tax_suppressed,
        cast(case when power.is_shown then cells.kwh_12m end as decimal(20, 4)) as kwh_12m,
        power.is_shown is false as is_power_suppressed,
        cast(case when staff.is_shown then cells.insured_headcount end as decimal(20, 4))
            as insured_headcount,
        staff.is_shown is false as is_staff_suppressed,
        {{ as_of() }} as as_of,
        {{ known_on() }} as known_on
    from cells
    left join decisions as sales
        on
            cells.cell = sales.cell
            and sales.quantity = 'sales ' || cells.window_end
    left join decisions as tax
        on
            cells.cell = tax.cell
            and tax.quantity = 'tax ' || cells.window_end
    left join decisions as power
        on
            cells.cell = power.cell
            and power.quantity = 'power ' || cells.window_end
    left join decisions as staff
        on
            cells.cell = staff.cell
            and staff.quantity = 'staff ' || cells.window_end

)

select
    district_code,
    cut_kind,
    cut_value,
    window_end,
    project_count,
    firm_count,
    invoiced_sales,
    is_sales_suppressed,
    tax_net,
    is_tax_suppressed,
    kwh_12m,
    is_power_suppressed,
    insured_headcount,
    is_staff_suppressed,
    as_of,
    known_on
from final
