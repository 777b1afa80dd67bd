-- The findings of the checks by project. The checks publish no result yet, so no project has a row
-- and the profile shows null: this model is the one place where they join.

with

final as (

    select
        cast(null as varchar) as project_id,
        cast(null as integer) as finding_count,
        cast(null as integer) as effective_finding_count
    where false

)

select
    project_id,
    finding_count,
    effective_finding_count
from final
