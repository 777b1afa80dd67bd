-- The twelve cuts of a project, one a row. Cuts are single, not crossed; 全区 and 未知 are cut values.
-- 全区 is all that the warehouse holds; where that is more than one district, each stands beside it.

with

projects as (

    select
        project_id,
        district_code,
        '全区' as district,
        reporting_unit,
        town,
        industry_section,
        chain,
        size_band,
        capital_kind,
        project_kind,
        expansion_driver,
        lead_channel,
        introducer,
        signing_event
    from {{ ref('fct_project_funnel') }}

),

cuts as (

    select
        project_id,
        cut_kind,
        cut_value
    from projects
    unpivot (
        cut_value for cut_kind in (
            district,
            reporting_unit,
            town,
            industry_section,
            chain,
            size_band,
            capital_kind,
            project_kind,
            expansion_driver,
            lead_channel,
            introducer,
            signing_event
        )
    )

),

divisions as (

    select
        division_code,
        division_name
    from {{ ref('dim_division') }}

),

districts as (

    select
        district_code,
        count(*) over () as district_count
    from projects
    group by district_code

),

-- Two districts may bear one name (there are many 鼓楼区): then the code tells them apart.
district_names as (

    select
        districts.district_code,
        coalesce(divisions.division_name, districts.district_code) as district_name,
        count(*) over (
            partition by coalesce(divisions.division_name, districts.district_code)
        ) as name_count
    from districts
    left join divisions on districts.district_code = divisions.division_code
    where districts.district_count > 1

),

final as (

    select
        project_id,
        cut_kind,
        cut_value
    from cuts

    union all

    select
        projects.project_id,
        'district' as cut_kind,
        case
            when district_names.name_count = 1 then district_names.district_name
            else district_names.district_name || '（' || district_names.district_code || '）'
        end as cut_value
    from projects
    inner join district_names on projects.district_code = district_names.district_code

)

select
    project_id,
    cut_kind,
    cut_value
from final
