-- Every finding that holds a project back is published, as a fail that is in force and that nobody
-- has explained; and a project that is held back has no verified date.

with

held_back as (

    select
        project_id,
        unnest(held_back_by) as finding_id
    from {{ ref('fct_project_funnel') }}

),

findings as (

    select results.finding_id
    from {{ ref('fct_check_result') }} as results
    inner join {{ ref('finding') }} as decided on results.finding_id = decided.finding_id
    where
        results.outcome = 'fail'
        and results.effective_severity in ('block', 'quarantine')
        and decided.decision <> 'explained'

),

unknown as (

    select
        held_back.project_id,
        held_back.finding_id,
        'no finding in force' as problem
    from held_back
    left join findings on held_back.finding_id = findings.finding_id
    where findings.finding_id is null

),

dated as (

    select
        project_id,
        cast(null as varchar) as finding_id,
        'held back by nothing, or verified all the same' as problem
    from {{ ref('fct_project_funnel') }}
    where
        is_held_back <> (len(held_back_by) > 0)
        or (
            is_held_back
            and coalesce(
                signed_verified_on, filed_verified_on, started_verified_on, completed_verified_on,
                produced_verified_on, on_target_verified_on
            ) is not null
        )

)

select * from unknown

union all

select * from dated
