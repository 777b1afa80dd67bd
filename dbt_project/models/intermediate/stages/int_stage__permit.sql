-- The construction permits of a project that stand at as_of, each with its acceptance where there is one.

with

projects as (

    select
        project_id,
        district_code
    from {{ ref('int_project') }}

),

bridge as (

    select distinct
        project_id,
        key_kind,
        key_value
    from {{ ref('bridge_project_key') }}
    where key_kind in ('project_code', 'construction_permit_no')

),

permits as (

    select
        district_code,
        construction_permit_no,
        {{ project_code_key("project_code") }} as project_code,
        construction_permit_date,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_permit__current') }}
    where
        construction_permit_date <= {{ as_of() }}
        and coalesce(withdrawn_on > {{ as_of() }}, true)

),

acceptances as (

    select
        district_code,
        construction_permit_no,
        actual_completion_date,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_acceptance__current') }}
    where actual_completion_date <= {{ as_of() }}

),

-- "Has an acceptance" is true from the first one on; a later part acceptance does not move the day.
first_acceptances as (

    select
        district_code,
        construction_permit_no,
        actual_completion_date,
        file_sha256,
        sheet,
        row_number
    from acceptances
    qualify row_number() over (
        partition by district_code, construction_permit_no
        order by actual_completion_date, file_sha256, sheet, row_number
    ) = 1

),

code_owners as (

    select
        projects.district_code,
        bridge.key_value as project_code,
        bridge.project_id
    from bridge
    inner join projects on bridge.project_id = projects.project_id
    where bridge.key_kind = 'project_code'

),

linked as (

    select
        projects.project_id,
        permits.district_code,
        permits.construction_permit_no,
        permits.project_code,
        permits.construction_permit_date,
        permits.file_sha256,
        permits.sheet,
        permits.row_number
    from bridge
    inner join projects on bridge.project_id = projects.project_id
    inner join permits
        on
            projects.district_code = permits.district_code
            and bridge.key_value = permits.construction_permit_no
    where bridge.key_kind = 'construction_permit_no'

),

-- One permit number may stand under the codes of two projects: each takes the rows of its own code.
own_rows as (

    select
        linked.project_id,
        linked.district_code,
        linked.construction_permit_no,
        linked.construction_permit_date,
        linked.file_sha256,
        linked.sheet,
        linked.row_number
    from linked
    where
        not exists (
            select 1
            from code_owners
            where
                code_owners.district_code = linked.district_code
                and code_owners.project_code = linked.project_code
                and code_owners.project_id <> linked.project_id
        )
        or exists (
            select 1
            from code_owners
            where
                code_owners.district_code = linked.district_code
                and code_owners.project_code = linked.project_code
                and code_owners.project_id = linked.project_id
        )
    qualify row_number() over (
        partition by linked.project_id, linked.construction_permit_no
        order by
            linked.construction_permit_date,
            linked.file_sha256,
            linked.sheet,
            linked.row_number
    ) = 1

),

final as (

    select
        own_rows.project_id,
        own_rows.construction_permit_no,
        own_rows.construction_permit_date,
        first_acceptances.actual_completion_date as accepted_on,
        own_rows.file_sha256,
        own_rows.sheet,
        own_rows.row_number,
        first_acceptances.file_sha256 as acceptance_file_sha256,
        first_acceptances.sheet as acceptance_sheet,
        first_acceptances.row_number as acceptance_row_number
    from own_rows
    left join first_acceptances
        on
            own_rows.district_code = first_acceptances.district_code
            and own_rows.construction_permit_no = first_acceptances.construction_permit_no

)

select
    project_id,
    construction_permit_no,
    construction_permit_date,
    accepted_on,
    file_sha256,
    sheet,
    row_number,
    acceptance_file_sha256,
    acceptance_sheet,
    acceptance_row_number
from final
