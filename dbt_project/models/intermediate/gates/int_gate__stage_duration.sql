-- How long projects took from one evidenced stage to the next, for those that have reached both:
-- the yardstick of those that still wait. A leased plant has no 竣工; a negative duration is a
-- finding elsewhere and measures nothing.

with

projects as (

    select
        project_id,
        district_code,
        coalesce(size_band, '未知') as size_band,
        coalesce(is_leased, false) as is_leased
    from {{ ref('int_project') }}

),

stages as (

    select
        project_id,
        stage_no,
        event_date
    from {{ ref('int_stage__reached') }}
    where
        stands
        and reading = 'evidenced'

),

steps as (

    select
        step.stage_no,
        step.is_leased,
        step.earlier_stage_no
    from (
        values
        (2, false, 1), (3, false, 2), (4, false, 3), (5, false, 4), (6, false, 5),
        (2, true, 1), (3, true, 2), (5, true, 3), (6, true, 5)
    ) as step (stage_no, is_leased, earlier_stage_no)

),

final as (

    select
        projects.project_id,
        projects.district_code,
        projects.size_band,
        projects.is_leased,
        steps.stage_no,
        cast(later.event_date - earlier.event_date as integer) as days_taken
    from projects
    inner join steps on projects.is_leased = steps.is_leased
    inner join stages as earlier
        on
            projects.project_id = earlier.project_id
            and steps.earlier_stage_no = earlier.stage_no
    inner join stages as later
        on
            projects.project_id = later.project_id
            and steps.stage_no = later.stage_no
    where later.event_date >= earlier.event_date

)

select
    project_id,
    district_code,
    size_band,
    is_leased,
    stage_no,
    days_taken
from final
