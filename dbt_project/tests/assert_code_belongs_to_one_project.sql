-- One filing can prove one project only (domain.md section 3): of the links that stand, one a code.
with

standing_links as (

    select
        district_code,
        key_value,
        count(*) as project_count
    from {{ ref('bridge_project_key') }}
    where key_kind = 'project_code' and valid_to is null
    group by district_code, key_value

),

final as (

    select
        district_code,
        key_value,
        project_count
    from standing_links
    where project_count > 1

)

select
    district_code,
    key_value,
    project_count
from final
