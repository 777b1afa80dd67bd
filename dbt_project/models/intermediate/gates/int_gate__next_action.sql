-- What to do next about every stage that a project waits for, by whom, and what stands in the way.

with

awaited as (

    select
        project_id,
        stage_no,
        claimed_on,
        missing_piece
    from {{ ref('int_gate__awaited_stage') }}

),

projects as (

    select
        project_id,
        reporting_unit
    from {{ ref('int_project') }}

),

actions as (

    select
        stage_no,
        missing_piece,
        missing_zh,
        missing_en,
        action_zh,
        action_en,
        office_zh
    from {{ ref('stage_next_action') }}
    where effective_from <= {{ as_of() }}
    qualify row_number() over (
        partition by stage_no, missing_piece
        order by effective_from desc
    ) = 1

),

milestone_stages as (

    select
        milestone,
        stage_no
    from {{ ref('stage_milestone') }}
    where effective_from <= {{ as_of() }}
    qualify row_number() over (
        partition by milestone
        order by effective_from desc
    ) = 1

),

milestones as (

    select
        project_id,
        milestone,
        planned_date,
        responsible_unit,
        lead_role,
        blocker
    from {{ ref('fct_milestone') }}
    where
        project_id is not null
        and not is_done

),

open_milestones as (

    select
        milestones.project_id,
        milestone_stages.stage_no,
        milestones.milestone,
        milestones.planned_date,
        milestones.responsible_unit,
        milestones.lead_role,
        nullif(trim(milestones.blocker), '') as blocker
    from milestones
    inner join milestone_stages on milestones.milestone = milestone_stages.milestone

),

owners as (

    select
        project_id,
        stage_no,
        arg_min(responsible_unit, (planned_date, milestone))
        filter (where responsible_unit is not null) as responsible_unit,
        arg_min(lead_role, (planned_date, milestone)) filter (where lead_role is not null)
            as lead_role,
        string_agg(distinct milestone || '：' || blocker, '；' order by milestone || '：' || blocker)
        filter (where blocker is not null) as blockers
    from open_milestones
    group by project_id, stage_no

),

final as (

    select
        awaited.project_id,
        awaited.stage_no,
        actions.missing_zh,
        actions.missing_en,
        case when awaited.claimed_on is not null then '已认定，缺佐证；' else '' end
        || actions.action_zh as next_action_zh,
        case when awaited.claimed_on is not null then 'Recognised without evidence; ' else '' end
        || actions.action_en as next_action_en,
        actions.office_zh,
        coalesce(owners.responsible_unit, projects.reporting_unit) as responsible_unit,
        owners.lead_role,
        owners.blockers
    from awaited
    inner join projects on awaited.project_id = projects.project_id
    left join actions
        on
            awaited.stage_no = actions.stage_no
            and awaited.missing_piece = actions.missing_piece
    left join owners
        on
            awaited.project_id = owners.project_id
            and awaited.stage_no = owners.stage_no

)

select
    project_id,
    stage_no,
    missing_zh,
    missing_en,
    next_action_zh,
    next_action_en,
    office_zh,
    responsible_unit,
    lead_role,
    blockers
from final
