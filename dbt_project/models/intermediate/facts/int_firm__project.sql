-- What a fact of a firm can say about its project: the one project that stands, where there is
-- exactly one. A firm with several projects keeps its figures to itself.

with

firm_links as (

    select
        district_code,
        project_id,
        key_value as uscc
    from {{ ref('bridge_project_key') }}
    where
        key_kind = 'uscc'
        and valid_to is null

),

projects as (

    select project_id
    from {{ ref('int_project') }}
    where coalesce(withdrawn_on > {{ as_of() }}, true)

),

final as (

    select
        firm_links.district_code,
        firm_links.uscc,
        cast(count(distinct firm_links.project_id) as integer) as project_count,
        case when count(distinct firm_links.project_id) = 1 then min(firm_links.project_id) end
            as project_id
    from firm_links
    inner join projects on firm_links.project_id = projects.project_id
    group by firm_links.district_code, firm_links.uscc

)

select
    district_code,
    uscc,
    project_count,
    project_id
from final
