-- An entry of the expansion library in every cell of the public table. A firm with several entries
-- brings its increment once, with its first: its sales and tax of now are the same in all of them.

with

entries as (

    select
        district_code,
        expansion_no,
        uscc,
        reporting_unit,
        industry_section,
        coalesce(expansion_driver, '未知') as expansion_driver,
        planned_investment,
        land_need,
        funding_need,
        sales_increment,
        tax_increment,
        outcome_evidenced,
        row_number() over (
            partition by district_code, uscc
            order by coalesce(base_year, 9999), expansion_no
        ) = 1 as is_first_of_firm
    from {{ ref('mart_expansion_library') }}

),

cuts as (

    select
        cut_kind,
        rank
    from {{ ref('public_cut') }}
    where
        cut_kind in ('district', 'reporting_unit', 'industry_section', 'expansion_driver')
        and effective_from <= {{ as_of() }}

),

final as (

    select
        entries.district_code,
        cuts.cut_kind,
        case cuts.cut_kind
            when 'district' then '全区'
            when 'reporting_unit' then entries.reporting_unit
            when 'industry_section' then entries.industry_section
            when 'expansion_driver' then entries.expansion_driver
        end as cut_value,
        cuts.rank,
        entries.expansion_no,
        entries.uscc,
        entries.planned_investment,
        entries.land_need,
        entries.funding_need,
        case
            when entries.is_first_of_firm and entries.uscc is not null
                then entries.sales_increment
        end as sales_increment,
        case
            when entries.is_first_of_firm and entries.uscc is not null
                then entries.tax_increment
        end as tax_increment,
        entries.outcome_evidenced
    from entries
    cross join cuts

)

select
    district_code,
    cut_kind,
    cut_value,
    rank,
    expansion_no,
    uscc,
    planned_investment,
    land_need,
    funding_need,
    sales_increment,
    tax_increment,
    outcome_evidenced
from final
