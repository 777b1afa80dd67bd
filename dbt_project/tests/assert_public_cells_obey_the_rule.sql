-- Every confidential figure that is published: of at least so many firms, none above its share, and
-- the sum of what they have; and every figure that is held back is not there. Read from the public
-- tables themselves. What can be worked out from several of them is the business of
-- zhixiao.confidentiality and of the attacker in its tests.

with

rules as (

    select
        min_firms,
        max_share
    from {{ ref('int_public__rule') }}

),

cells as (

    select
        quantity,
        cell,
        count(*) as firm_count,
        sum(value) as total,
        max(abs(value)) as largest
    from {{ ref('int_public__member') }}
    group by quantity, cell

),

published as (

    select
        'tax ' || window_end as quantity,
        {{ public_cell("'land'", ["district_code", "cut_kind", "cut_value"]) }} as cell,
        coalesce(tax_net, tax_per_mu) as shown,
        tax_net as value
    from {{ ref('mart_land_efficiency_public') }}

    union all

    select
        'sales ' || window_end as quantity,
        {{ public_cell("'land'", ["district_code", "cut_kind", "cut_value"]) }} as cell,
        coalesce(invoiced_sales, sales_per_mu) as shown,
        invoiced_sales as value
    from {{ ref('mart_land_efficiency_public') }}

    union all

    select
        'tax ' || window_end as quantity,
        {{ public_cell("'growth'", ["district_code", "cut_kind", "cut_value"]) }} as cell,
        tax_net as shown,
        tax_net as value
    from {{ ref('mart_growth_watch_public') }}

    union all

    select
        'sales ' || window_end as quantity,
        {{ public_cell("'growth'", ["district_code", "cut_kind", "cut_value"]) }} as cell,
        invoiced_sales as shown,
        invoiced_sales as value
    from {{ ref('mart_growth_watch_public') }}

    union all

    select
        'power ' || window_end as quantity,
        {{ public_cell("'growth'", ["district_code", "cut_kind", "cut_value"]) }} as cell,
        kwh_12m as shown,
        kwh_12m as value
    from {{ ref('mart_growth_watch_public') }}

    union all

    select
        'staff ' || window_end as quantity,
        {{ public_cell("'growth'", ["district_code", "cut_kind", "cut_value"]) }} as cell,
        insured_headcount as shown,
        insured_headcount as value
    from {{ ref('mart_growth_watch_public') }}

    union all

    select
        'sales increment' as quantity,
        {{ public_cell("'expansion'", ["district_code", "cut_kind", "cut_value"]) }} as cell,
        sales_increment as shown,
        sales_increment as value
    from {{ ref('mart_expansion_library_public') }}

    union all

    select
        'tax increment' as quantity,
        {{ public_cell("'expansion'", ["district_code", "cut_kind", "cut_value"]) }} as cell,
        tax_increment as shown,
        tax_increment as value
    from {{ ref('mart_expansion_library_public') }}

    union all

    select
        measures.quantity || ' ' || last_day(
            cast(
                least(figures.window_end, {{ as_of() }}) + interval 1 day - interval 1 month as date
            )
        ) as quantity,
        {{ public_cell(
            "'retrospective'",
            [
                "figures.measure", "figures.variant", "figures.reading",
                "figures.cut_kind", "figures.cut_value"
            ]
        ) }} as cell,
        coalesce(figures.numerator, figures.value) as shown,
        figures.numerator as value
    from {{ ref('mart_funnel_retrospective_public') }} as figures
    inner join {{ ref('public_measure') }} as measures
        on
            figures.measure = measures.measure
            and figures.variant = measures.variant
            and figures.reading = measures.reading
    where measures.quantity is not null

),

-- Firms without a value in a cell were not delivered: such a cell has no member and shows nothing.
final as (

    select
        published.quantity,
        published.cell,
        published.value,
        cells.firm_count,
        cells.total
    from published
    left join cells
        on
            published.quantity = cells.quantity
            and published.cell = cells.cell
    cross join rules
    where
        published.shown is not null
        and (
            cells.cell is null
            or cells.firm_count < rules.min_firms
            or cells.largest > rules.max_share * abs(cells.total)
            or cells.largest = 0
            or published.value is distinct from cells.total
        )

)

select
    quantity,
    cell,
    value,
    firm_count,
    total
from final
