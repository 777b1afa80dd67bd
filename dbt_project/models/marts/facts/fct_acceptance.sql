with

acceptances as (

    select
        district_code,
        acceptance_record_no,
        construction_permit_no,
        {{ text_key("construction_permit_no") }} as permit_key,
        project_name,
        actual_completion_date,
        actual_start_date,
        actual_cost,
        actual_floor_area,
        received_on,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_acceptance__current') }}
    -- Nothing is known in a mart of what happened after as_of (metrics.md, "Precisely").
    where coalesce(actual_completion_date, received_on) <= {{ as_of() }}

),

permit_links as (

    select
        district_code,
        {{ text_key("construction_permit_no") }} as permit_key,
        project_id
    from {{ ref('int_match__permit') }}
    where project_id is not null

),

-- A permit number may stand under the codes of two projects; then no project is named.
permit_projects as (

    select
        district_code,
        permit_key,
        min(project_id) as project_id
    from permit_links
    group by district_code, permit_key
    having count(distinct project_id) = 1

),

final as (

    select
        acceptances.district_code,
        acceptances.acceptance_record_no,
        acceptances.construction_permit_no,
        permit_projects.project_id,
        acceptances.project_name,
        acceptances.actual_completion_date as accepted_on,
        case
            when acceptances.actual_start_date <= {{ as_of() }} then acceptances.actual_start_date
        end as started_on,
        cast(acceptances.actual_cost as decimal(20, 4)) as actual_cost,
        cast(acceptances.actual_floor_area as decimal(20, 4)) as actual_floor_area,
        acceptances.received_on,
        'acceptance' as source,
        acceptances.file_sha256,
        acceptances.sheet,
        acceptances.row_number
    from acceptances
    left join permit_projects
        on
            acceptances.district_code = permit_projects.district_code
            and acceptances.permit_key = permit_projects.permit_key

)

select
    district_code,
    acceptance_record_no,
    construction_permit_no,
    project_id,
    project_name,
    accepted_on,
    started_on,
    actual_cost,
    actual_floor_area,
    received_on,
    source,
    file_sha256,
    sheet,
    row_number
from final
