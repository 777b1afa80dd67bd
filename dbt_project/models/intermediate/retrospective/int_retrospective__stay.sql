-- Every stay of a project in a stage: from its date to that of the next one, or to the day on which
-- it was last seen there (withdrawal or as_of). A leased plant goes from 开工 straight to 投产.

with

projects as (

    select
        project_id,
        is_leased,
        withdrawn_on
    from {{ ref('fct_project_funnel') }}
    where is_in_ledger

),

reached as (

    select
        project_id,
        reading,
        stage,
        reached_on
    from {{ ref('int_retrospective__reached') }}
    where valid_until is null

),

steps as (

    select
        named.from_stage,
        named.to_stage,
        named.is_leased
    from (
        values
        ('signed', 'filed', false),
        ('signed', 'filed', true),
        ('filed', 'started', false),
        ('filed', 'started', true),
        ('started', 'completed', false),
        ('started', 'produced', true),
        ('completed', 'produced', false),
        ('produced', 'on_target', false),
        ('produced', 'on_target', true)
    ) as named (from_stage, to_stage, is_leased)

),

stays as (

    select
        projects.project_id,
        entries.reading,
        steps.from_stage,
        steps.to_stage,
        entries.reached_on as entered_on,
        exits.reached_on as left_on,
        least(coalesce(projects.withdrawn_on, {{ as_of() }}), {{ as_of() }}) as seen_until
    from projects
    inner join steps on projects.is_leased = steps.is_leased
    inner join reached as entries
        on
            projects.project_id = entries.project_id
            and steps.from_stage = entries.stage
    left join reached as exits
        on
            projects.project_id = exits.project_id
            and entries.reading = exits.reading
            and steps.to_stage = exits.stage

),

final as (

    select
        project_id,
        reading,
        from_stage,
        to_stage,
        entered_on,
        left_on,
        coalesce(left_on <= seen_until, false) as is_event,
        -- Days between the dates as they stand: a regression is negative and stays so.
        case when left_on <= seen_until then left_on - entered_on end as days_in_stage,
        cast(greatest(
            0, least(coalesce(left_on, seen_until), seen_until) - entered_on
        ) as integer) as days_followed
    from stays
    -- What was reached after the withdrawal is nobody's stay.
    where entered_on <= seen_until

)

select
    project_id,
    reading,
    from_stage,
    to_stage,
    entered_on,
    left_on,
    is_event,
    days_in_stage,
    days_followed
from final
