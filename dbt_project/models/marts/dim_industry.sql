with

industries as (

    select
        code,
        name,
        level,
        parent_code,
        section_code,
        code_with_section
    from {{ ref('gbt4754') }}

),

final as (

    select
        industries.code as industry_code,
        industries.name as industry_name,
        industries.level as industry_level,
        nullif(industries.parent_code, '') as parent_code,
        industries.section_code,
        sections.name as section_name,
        divisions.code as division_code,
        divisions.name as division_name,
        industries.code_with_section
    from industries
    left join industries as sections on industries.section_code = sections.code
    left join industries as divisions
        on
            left(industries.code, 2) = divisions.code
            and divisions.level = 'division'

)

select
    industry_code,
    industry_name,
    industry_level,
    parent_code,
    section_code,
    section_name,
    division_code,
    division_name,
    code_with_section
from final
