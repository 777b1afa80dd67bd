-- The versions of a project follow each other without gap or overlap, and the last one is current.
with

versions as (

    select
        project_id,
        valid_from,
        valid_to,
        is_current,
        lead(valid_from) over (partition by project_id order by valid_from) as next_valid_from
    from {{ ref('dim_project') }}

),

final as (

    select
        project_id,
        valid_from,
        valid_to,
        is_current,
        next_valid_from
    from versions
    where
        valid_to is distinct from next_valid_from
        or valid_to <= valid_from
        or is_current <> (next_valid_from is null)

)

select
    project_id,
    valid_from,
    valid_to,
    is_current,
    next_valid_from
from final
