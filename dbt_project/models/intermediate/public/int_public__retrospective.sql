-- A firm in every cell behind the figures of the public retrospective that rest on sales or tax.

with

cells as (

    select
        plan_year,
        window_start,
        closes_on,
        cut_kind,
        cut_value,
        reading,
        district_code,
        uscc,
        is_asked,
        is_produced,
        invoiced_sales_12m,
        tax_12m,
        land_mu
    from {{ ref('int_retrospective__firm_cell') }}
    where span = 'year'

),

cuts as (

    select
        cut_kind,
        rank
    from {{ ref('public_cut') }}
    where effective_from <= {{ as_of() }}

),

measures as (

    select
        measure,
        variant,
        reading,
        population,
        quantity
    from {{ ref('public_measure') }}
    where
        quantity is not null
        and effective_from <= {{ as_of() }}

),

final as (

    select
        measures.measure,
        measures.variant,
        measures.quantity,
        cells.plan_year,
        cells.window_start,
        -- The last complete month of that day.
        last_day(cast(cells.closes_on + interval 1 day - interval 1 month as date))
            as window_end,
        cells.cut_kind,
        cells.cut_value,
        cuts.rank,
        cells.reading,
        measures.population,
        cells.district_code,
        cells.uscc,
        cast(coalesce(
            case measures.quantity
                when 'sales' then cells.invoiced_sales_12m
                when 'tax' then cells.tax_12m
            end, 0
        ) as decimal(20, 4)) as value
    from cells
    inner join cuts on cells.cut_kind = cuts.cut_kind
    inner join measures on cells.reading = measures.reading
    where case measures.population
        when 'landed' then cells.is_produced and cells.land_mu > 0
        when 'asked' then cells.is_asked
    end

)

select
    measure,
    variant,
    quantity,
    plan_year,
    window_start,
    window_end,
    cut_kind,
    cut_value,
    rank,
    reading,
    population,
    district_code,
    uscc,
    value
from final
