-- The twelve cuts of a project, one a row. Cuts are single, not crossed; 全区 and 未知 are cut values.

with

projects as (

    select
        project_id,
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

final as (

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

)

select
    project_id,
    cut_kind,
    cut_value
from final
