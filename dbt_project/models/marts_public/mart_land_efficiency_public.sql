with

members as (

    select
        district_code,
        cut_kind,
        cut_value,
        year_no,
        window_start,
        window_end,
        is_full_year,
        is_latest,
        owned_mu,
        leased_mu,
        leased_out_mu,
        area_mu,
        tax_net,
        invoiced_sales
    from {{ ref('int_public__land') }}

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
        year_no,
        window_start,
        window_end,
        is_full_year,
        is_latest,
        {{ public_cell("'land'", ["district_code", "cut_kind", "cut_value"]) }} as cell,
        count(*) as firm_count,
        sum(owned_mu) as owned_mu,
        sum(leased_mu) as leased_mu,
        sum(leased_out_mu) as leased_out_mu,
        sum(area_mu) as area_mu,
        sum(tax_net) as tax_net,
        sum(invoiced_sales) as invoiced_sales
    from members
    group by all

),

decided as (

    select
        cells.district_code,
        cells.cut_kind,
        cells.cut_value,
        cells.year_no,
        cells.window_start,
        cells.window_end,
        cells.is_full_year,
        cells.is_latest,
        cells.firm_count,
        cells.owned_mu,
        cells.leased_mu,
        cells.leased_out_mu,
        cells.area_mu,
        case when tax.is_shown then cells.tax_net end as tax_net,
        case when sales.is_shown then cells.invoiced_sales end as invoiced_sales,
        tax.is_shown is false as is_tax_suppressed,
        sales.is_shown is false as is_sales_suppressed
    from cells
    left join decisions as tax
        on
            cells.cell = tax.cell
            and tax.quantity = 'tax ' || cells.window_end
    left join decisions as sales
        on
            cells.cell = sales.cell
            and sales.quantity = 'sales ' || cells.window_end

),

final as (

    select
        district_code,
        cut_kind,
        cut_value,
        year_no,
        window_start,
        window_end,
        is_full_year,
        is_latest,
        cast(firm_count as integer) as firm_count,
        cast(owned_mu as decimal(20, 4)) as owned_mu,
        cast(leased_mu as decimal(20, 4)) as leased_mu,
        cast(leased_out_mu as decimal(20, 4)) as leased_out_mu,
        cast(area_mu as decimal(20, 4)) as area_mu,
        cast(tax_net as decimal(20, 4)) as tax_net,
        {{ exact_ratio("tax_net", "area_mu") }} as tax_per_mu,
        is_tax_suppressed,
        cast(invoiced_sales as decimal(20, 4)) as invoiced_sales,
        {{ exact_ratio("invoiced_sales", "area_mu") }} as sales_per_mu,
        is_sales_suppressed,
        {{ as_of() }} as as_of,
        {{ known_on() }} as known_on
    from decided

)

select
    district_code,
    cut_kind,
    cut_value,
    year_no,
    window_start,
    window_end,
    is_full_year,
    is_latest,
    firm_count,
    owned_mu,
    leased_mu,
    leased_out_mu,
    area_mu,
    tax_net,
    tax_per_mu,
    is_tax_suppressed,
    invoiced_sales,
    sales_per_mu,
    is_sales_suppressed,
    as_of,
    known_on
from final
