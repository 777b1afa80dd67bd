-- metrics.md "Stages" 4, evidenced: every permit that stands has an acceptance; the last one's
-- date. For a leased plant the stage is not applicable and passed with production, so it has no
-- date.

with

projects as (

    select project_id
    from {{ ref('int_project') }}
    where not is_leased

),

permits as (

    select
        project_id,
        accepted_on,
        acceptance_file_sha256,
        acceptance_sheet,
        acceptance_row_number
    from {{ ref('int_stage__permit') }}

),

all_accepted as (

    select project_id
    from permits
    group by project_id
    having count(*) = count(accepted_on)

),

final as (

    select
        permits.project_id,
        permits.accepted_on as completed_on,
        'acceptance' as source,
        permits.acceptance_file_sha256 as file_sha256,
        permits.acceptance_sheet as sheet,
        permits.acceptance_row_number as row_number
    from permits
    inner join projects on permits.project_id = projects.project_id
    inner join all_accepted on permits.project_id = all_accepted.project_id
    qualify row_number() over (
        partition by permits.project_id
        order by
            permits.accepted_on desc,
            permits.acceptance_file_sha256 asc,
            permits.acceptance_sheet asc,
            permits.acceptance_row_number asc
    ) = 1

)

select
    project_id,
    completed_on,
    source,
    file_sha256,
    sheet,
    row_number
from final
