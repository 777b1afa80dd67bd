-- A firm with a project in its growth period in every cell of the public growth table. Sales and
-- tax are those of the land table, so that both are one quantity to suppression.

with

watched as (

    select
        district_code,
        project_id,
        uscc,
        reporting_unit,
        industry_section,
        kwh_12m,
        insured_headcount
    from {{ ref('mart_growth_watch') }}
    where uscc is not null

),

firms as (

    select
        district_code,
        uscc,
        window_end,
        tax_net,
        invoiced_sales
    from {{ ref('int_land__firm') }}
    where is_latest

),

windows as (

    select window_end
    from {{ ref('int_land__year') }}
    where is_latest

),

cuts as (

    select
        cut_kind,
        rank
    from {{ ref('public_cut') }}
    where
        cut_kind in ('district', 'reporting_unit', 'industry_section')
        and effective_from <= {{ as_of() }}

),

-- Power and staff are the firm's, repeated on its projects.
in_cells as (

    select
        watched.district_code,
        cuts.cut_kind,
        coalesce(case cuts.cut_kind
            when 'district' then '全区'
            when 'reporting_unit' then watched.reporting_unit
            when 'industry_section' then watched.industry_section
        end, '未知') as cut_value,
        cuts.rank,
        watched.uscc,
        count(*) as project_count,
        max(watched.kwh_12m) as kwh_12m,
        max(watched.insured_headcount) as insured_headcount
    from watched
    cross join cuts
    group by all

),

final as (

    select
        in_cells.district_code,
        in_cells.cut_kind,
        in_cells.cut_value,
        in_cells.rank,
        in_cells.uscc,
        windows.window_end,
        cast(in_cells.project_count as integer) as project_count,
        cast(coalesce(firms.invoiced_sales, 0) as decimal(20, 4)) as invoiced_sales,
        cast(coalesce(firms.tax_net, 0) as decimal(20, 4)) as tax_net,
        cast(coalesce(in_cells.kwh_12m, 0) as decimal(20, 4)) as kwh_12m,
        cast(coalesce(in_cells.insured_headcount, 0) as decimal(20, 4)) as insured_headcount
    from in_cells
    cross join windows
    left join firms
        on
            in_cells.district_code = firms.district_code
            and in_cells.uscc = firms.uscc

)

select
    district_code,
    cut_kind,
    cut_value,
    rank,
    uscc,
    window_end,
    project_count,
    invoiced_sales,
    tax_net,
    kwh_12m,
    insured_headcount
from final
