-- The milestones of a project: how many are open and overdue, which one is next, what stands in the
-- way.

with

milestones as (

    select
        project_id,
        milestone,
        planned_date,
        is_done,
        responsible_unit,
        nullif(trim(blocker), '') as blocker
    from {{ ref('fct_milestone') }}
    where project_id is not null

),

final as (

    select
        project_id,
        cast(count(*) as integer) as milestone_count,
        cast(count(*) filter (where not is_done) as integer) as open_milestone_count,
        cast(
            count(*) filter (where not is_done and planned_date < {{ as_of() }}) as integer
        ) as overdue_milestone_count,
        cast(
            max({{ as_of() }} - planned_date)
            filter (where not is_done and planned_date < {{ as_of() }}) as integer
        ) as longest_overdue_days,
        arg_min(milestone, (planned_date, milestone)) filter (where not is_done)
            as next_milestone,
        min(planned_date) filter (where not is_done) as next_milestone_on,
        arg_min(responsible_unit, (planned_date, milestone))
        filter (where not is_done and responsible_unit is not null)
            as next_responsible_unit,
        string_agg(milestone || '：' || blocker, '；' order by planned_date, milestone)
        filter (where not is_done and blocker is not null) as blockers
    from milestones
    group by project_id

)

select
    project_id,
    milestone_count,
    open_milestone_count,
    overdue_milestone_count,
    longest_overdue_days,
    next_milestone,
    next_milestone_on,
    next_responsible_unit,
    blockers
from final
