-- Which projects the checks hold out of the verified totals, and by which findings (metrics.md). A
-- project is out as a whole, all stages, numerator and denominator, as long as an effective block
-- or quarantine stands on it that nobody has explained, or on its firm where the check is about an
-- enterprise: then all projects of that firm in the district. Of a repeat signing (R11) only the
-- side that was signed later is out. Checks about populations hold nothing back.

with

findings as (

    select
        finding_id,
        check_id,
        district_code,
        entity_type,
        anchor_on,
        project_id,
        counterpart_project_id,
        uscc,
        effective_severity
    from {{ ref('int_check__finding') }}
    where effective_severity in ('block', 'quarantine')

),

decisions as (

    select
        finding_id,
        decision
    from {{ ref('int_check__decision') }}

),

registry as (

    select
        check_id,
        is_population
    from {{ ref('check_registry') }}

),

projects as (

    select
        project_id,
        district_code,
        uscc
    from {{ ref('int_check__project') }}

),

repeat_signings as (

    select
        project_id,
        earlier_project_id
    from {{ ref('int_check__repeat_signing') }}

),

standing as (

    select
        findings.finding_id,
        findings.check_id,
        findings.district_code,
        findings.entity_type,
        findings.anchor_on,
        findings.project_id,
        findings.counterpart_project_id,
        findings.uscc,
        findings.effective_severity,
        decisions.decision
    from findings
    inner join decisions on findings.finding_id = decisions.finding_id
    inner join registry on findings.check_id = registry.check_id
    where
        decisions.decision <> 'explained'
        and not registry.is_population

),

sides as (

    select
        project_id,
        finding_id,
        check_id,
        effective_severity,
        anchor_on as since,
        decision,
        counterpart_project_id as other_project_id
    from standing
    where project_id is not null

    union all

    -- The other side of a pair.
    select
        counterpart_project_id as project_id,
        finding_id,
        check_id,
        effective_severity,
        anchor_on as since,
        decision,
        project_id as other_project_id
    from standing
    where counterpart_project_id is not null

),

held_back as (

    select
        sides.project_id,
        sides.finding_id,
        sides.check_id,
        sides.effective_severity,
        sides.since,
        sides.decision
    from sides
    left join repeat_signings
        on
            sides.check_id = 'R11'
            and sides.project_id = repeat_signings.earlier_project_id
            and sides.other_project_id = repeat_signings.project_id
    where repeat_signings.project_id is null

    union all

    select
        projects.project_id,
        standing.finding_id,
        standing.check_id,
        standing.effective_severity,
        standing.anchor_on as since,
        standing.decision
    from standing
    inner join projects
        on
            standing.district_code = projects.district_code
            and standing.uscc = projects.uscc
    where standing.entity_type = 'enterprise'

),

final as (

    select distinct
        project_id,
        finding_id,
        check_id,
        effective_severity,
        since,
        decision
    from held_back

)

select
    project_id,
    finding_id,
    check_id,
    effective_severity,
    since,
    decision
from final
