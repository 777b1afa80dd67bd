-- The projects behind the landing and production curves: how many whole calendar months after the
-- signing the stage was reached, or the project was last seen without it (withdrawal or as_of).

with

projects as (

    select
        project_id,
        signed_investment,
        withdrawn_on
    from {{ ref('fct_project_funnel') }}
    where is_in_ledger

),

definitions as (

    select
        variant,
        placing_stage,
        numerator_stage,
        within_months
    from {{ ref('int_retrospective__definition') }}
    where
        measure = 'landing_rate_36m'
        and not keeps_withdrawn

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

followed as (

    select
        projects.project_id,
        entries.reading,
        definitions.variant,
        definitions.within_months,
        projects.signed_investment,
        projects.withdrawn_on is not null as is_withdrawn,
        entries.reached_on as signed_on,
        counted.reached_on,
        least(coalesce(projects.withdrawn_on, {{ as_of() }}), {{ as_of() }}) as seen_until
    from definitions
    inner join reached as entries on definitions.placing_stage = entries.stage
    inner join projects on entries.project_id = projects.project_id
    left join reached as counted
        on
            entries.project_id = counted.project_id
            and entries.reading = counted.reading
            and definitions.numerator_stage = counted.stage

),

final as (

    select
        project_id,
        reading,
        variant,
        within_months,
        signed_investment,
        is_withdrawn,
        signed_on,
        reached_on,
        coalesce(reached_on <= seen_until, false) as is_event,
        -- What began before it was signed landed at once.
        cast(greatest(0, date_sub(
            'month', signed_on, least(coalesce(reached_on, seen_until), seen_until)
        )) as integer) as months_followed
    from followed

)

select
    project_id,
    reading,
    variant,
    within_months,
    signed_investment,
    is_withdrawn,
    signed_on,
    reached_on,
    is_event,
    months_followed
from final
