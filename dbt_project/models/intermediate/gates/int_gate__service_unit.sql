-- The unit that serves a project (企业服务专员): the last one that the milestone register named.
-- The register drops a project after a while: then the unit is no longer current.

with

projects as (

    select
        project_id,
        district_code,
        signing_row_no
    from {{ ref('int_project') }}

),

milestones as (

    select
        district_code,
        signing_row_no,
        milestone,
        planned_date,
        service_unit,
        valid_from,
        valid_to,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_milestone__history') }}

),

named as (

    select
        district_code,
        signing_row_no,
        service_unit,
        valid_to is null as is_current,
        file_sha256,
        sheet,
        row_number
    from milestones
    qualify row_number() over (
        partition by district_code, signing_row_no
        order by
            (valid_to is null) desc,
            (service_unit is not null) desc,
            valid_from desc,
            planned_date desc,
            milestone asc
    ) = 1

),

final as (

    select
        projects.project_id,
        named.service_unit,
        named.is_current,
        named.file_sha256,
        named.sheet,
        named.row_number
    from projects
    inner join named
        on
            projects.district_code = named.district_code
            and projects.signing_row_no = named.signing_row_no

)

select
    project_id,
    service_unit,
    is_current,
    file_sha256,
    sheet,
    row_number
from final
