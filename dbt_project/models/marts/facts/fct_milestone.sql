with

milestones as (

    select
        district_code,
        signing_row_no,
        milestone,
        planned_date,
        case when actual_date <= {{ as_of() }} then actual_date end as done_on,
        milestone_status,
        responsible_unit,
        lead_role,
        service_unit,
        blocker,
        received_on,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_milestone__current') }}

),

versions as (

    select
        district_code,
        signing_row_no,
        milestone,
        planned_date,
        valid_from,
        lag(planned_date) over (
            partition by district_code, signing_row_no, milestone order by valid_from
        ) as earlier_planned_date
    from {{ ref('int_milestone__history') }}
    where planned_date is not null

),

plans as (

    select
        district_code,
        signing_row_no,
        milestone,
        arg_min(planned_date, valid_from) as first_planned_date,
        cast(count(*) filter (
            where earlier_planned_date is not null and earlier_planned_date <> planned_date
        ) as integer) as plan_change_count
    from versions
    group by district_code, signing_row_no, milestone

),

projects as (

    select
        district_code,
        signing_row_no,
        project_id
    from {{ ref('int_project') }}
    where signing_row_no is not null

),

final as (

    select
        milestones.district_code,
        projects.project_id,
        milestones.signing_row_no,
        milestones.milestone,
        milestones.planned_date,
        plans.first_planned_date,
        cast(milestones.planned_date - plans.first_planned_date as integer) as postponed_days,
        coalesce(plans.plan_change_count, 0) as plan_change_count,
        milestones.done_on,
        milestones.done_on is not null as is_done,
        milestones.milestone_status,
        milestones.responsible_unit,
        milestones.lead_role,
        milestones.service_unit,
        milestones.blocker,
        milestones.received_on,
        'milestone' as source,
        milestones.file_sha256,
        milestones.sheet,
        milestones.row_number
    from milestones
    left join plans
        on
            milestones.district_code = plans.district_code
            and milestones.signing_row_no = plans.signing_row_no
            and milestones.milestone = plans.milestone
    left join projects
        on
            milestones.district_code = projects.district_code
            and milestones.signing_row_no = projects.signing_row_no

)

select
    district_code,
    project_id,
    signing_row_no,
    milestone,
    planned_date,
    first_planned_date,
    postponed_days,
    plan_change_count,
    done_on,
    is_done,
    milestone_status,
    responsible_unit,
    lead_role,
    service_unit,
    blocker,
    received_on,
    source,
    file_sha256,
    sheet,
    row_number
from final
