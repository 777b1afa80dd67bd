with

members as (

    select
        district_code,
        cut_kind,
        cut_value,
        uscc,
        planned_investment,
        land_need,
        funding_need,
        sales_increment,
        tax_increment,
        outcome_evidenced
    from {{ ref('int_public__expansion') }}

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
        {{ public_cell("'expansion'", ["district_code", "cut_kind", "cut_value"]) }} as cell,
        count(*) as entry_count,
        count(distinct uscc) as firm_count,
        sum(planned_investment) as planned_investment,
        sum(land_need) as land_need,
        sum(funding_need) as funding_need,
        count(*) filter (where outcome_evidenced in ('开工', '投产', '达效')) as started_count,
        count(*) filter (where outcome_evidenced in ('投产', '达效')) as producing_count,
        sum(sales_increment) as sales_increment,
        sum(tax_increment) as tax_increment
    from members
    group by all

),

final as (

    select
        cells.district_code,
        cells.cut_kind,
        cells.cut_value,
        cast(cells.entry_count as integer) as entry_count,
        cast(cells.firm_count as integer) as firm_count,
        cast(cells.planned_investment as decimal(20, 4)) as planned_investment,
        cast(cells.land_need as decimal(20, 4)) as land_need,
        cast(cells.funding_need as decimal(20, 4)) as funding_need,
        cast(cells.started_count as integer) as started_count,
        cast(cells.producing_count as integer) as producing_count,
        cast(case when sales.is_shown then cells.sales_increment end as decimal(20, 4))
            as sales_increment,
        sales.is_shown is false as is_sales_suppressed,
        cast(case when tax.is_shown then cells.tax_increment end as decimal(20, 4))
            as tax_increment,
        tax.is_shown is false as is_tax_suppressed,
        {{ as_of() }} as as_of,
        {{ known_on() }} as known_on
    from cells
    left join decisions as sales
        on
            cells.cell = sales.cell
            and sales.quantity = 'sales increment'
    left join decisions as tax
        on
            cells.cell = tax.cell
            and tax.quantity = 'tax increment'

)

select
    district_code,
    cut_kind,
    cut_value,
    entry_count,
    firm_count,
    planned_investment,
    land_need,
    funding_need,
    started_count,
    producing_count,
    sales_increment,
    is_sales_suppressed,
    tax_increment,
    is_tax_suppressed,
    as_of,
    known_on
from final
