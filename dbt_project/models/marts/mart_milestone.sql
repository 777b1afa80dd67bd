with

milestones as (

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
    from {{ ref('fct_milestone') }}

),

projects as (

    select
        project_id,
        project_name,
        reporting_unit,
        coalesce(withdrawn_on <= {{ as_of() }}, false) as is_withdrawn
    from {{ ref('dim_project') }}
    where is_current

),

judged as (

    select
        milestones.district_code,
        milestones.project_id,
        milestones.signing_row_no,
        milestones.milestone,
        projects.project_name,
        coalesce(projects.reporting_unit, '未知') as reporting_unit,
        milestones.planned_date,
        milestones.first_planned_date,
        milestones.postponed_days,
        milestones.plan_change_count,
        milestones.done_on,
        case
            when milestones.is_done and milestones.done_on > milestones.planned_date
                then 'done_late'
            when milestones.is_done then 'done_in_time'
            when coalesce(projects.is_withdrawn, false) then 'withdrawn'
            when milestones.planned_date is null then 'undated'
            when milestones.planned_date < {{ as_of() }} then 'overdue'
            else 'open'
        end as milestone_state,
        milestones.milestone_status,
        milestones.responsible_unit,
        milestones.lead_role,
        milestones.service_unit,
        milestones.blocker,
        milestones.received_on,
        milestones.source,
        milestones.file_sha256,
        milestones.sheet,
        milestones.row_number
    from milestones
    left join projects on milestones.project_id = projects.project_id

),

final as (

    select
        district_code,
        project_id,
        signing_row_no,
        milestone,
        project_name,
        reporting_unit,
        planned_date,
        first_planned_date,
        postponed_days,
        plan_change_count,
        done_on,
        milestone_state,
        milestone_state = 'overdue' as is_overdue,
        case
            when planned_date is null then null
            when milestone_state = 'overdue'
                then cast({{ as_of() }} - planned_date as integer)
            when milestone_state = 'done_late' then cast(done_on - planned_date as integer)
            else 0
        end as overdue_days,
        case when milestone_state = 'open' then cast(planned_date - {{ as_of() }} as integer) end
            as days_until_due,
        milestone_status,
        case
            when milestone_status is not null
                then
                    (milestone_status = '已完成') = (done_on is not null)
                    and (milestone_status = '逾期')
                    = (done_on is null and coalesce(planned_date < received_on, false))
        end as is_status_consistent,
        responsible_unit,
        lead_role,
        service_unit,
        blocker,
        {{ as_of() }} as as_of,
        {{ known_on() }} as known_on,
        received_on,
        source,
        file_sha256,
        sheet,
        row_number
    from judged

)

select
    district_code,
    project_id,
    signing_row_no,
    milestone,
    project_name,
    reporting_unit,
    planned_date,
    first_planned_date,
    postponed_days,
    plan_change_count,
    done_on,
    milestone_state,
    is_overdue,
    overdue_days,
    days_until_due,
    milestone_status,
    is_status_consistent,
    responsible_unit,
    lead_role,
    service_unit,
    blocker,
    as_of,
    known_on,
    received_on,
    source,
    file_sha256,
    sheet,
    row_number
from final
