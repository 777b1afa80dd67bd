-- A firm with land in every cell of the public land table that it belongs to.

with

firms as (

    select
        district_code,
        uscc,
        year_no,
        window_start,
        window_end,
        is_full_year,
        is_latest,
        reporting_unit,
        industry_section,
        industry_division,
        owned_mu,
        leased_mu,
        leased_out_mu,
        area_mu,
        tax_net,
        invoiced_sales
    from {{ ref('int_land__firm') }}
    where area_mu > 0

),

cuts as (

    select
        cut_kind,
        rank
    from {{ ref('public_cut') }}
    where
        cut_kind in ('district', 'reporting_unit', 'industry_section', 'industry_division')
        and effective_from <= {{ as_of() }}

),

final as (

    select
        firms.district_code,
        cuts.cut_kind,
        case cuts.cut_kind
            when 'district' then '全区'
            when 'reporting_unit' then firms.reporting_unit
            when 'industry_section' then firms.industry_section
            when 'industry_division' then firms.industry_division
        end as cut_value,
        cuts.rank,
        firms.uscc,
        firms.year_no,
        firms.window_start,
        firms.window_end,
        firms.is_full_year,
        firms.is_latest,
        firms.owned_mu,
        firms.leased_mu,
        firms.leased_out_mu,
        firms.area_mu,
        firms.tax_net,
        firms.invoiced_sales
    from firms
    cross join cuts

)

select
    district_code,
    cut_kind,
    cut_value,
    rank,
    uscc,
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
from final
