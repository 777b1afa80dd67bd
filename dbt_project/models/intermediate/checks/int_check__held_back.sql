-- Which projects the checks hold out of the verified totals, and by which findings (metrics.md). A
-- project is out as a whole, all stages, numerator and denominator, as long as an effective block or
-- quarantine stands on it, or on its firm where the check is about an enterprise: then all projects
-- of that firm in the district. Of a repeat signing only the side that was signed later is out.
-- Checks about populations hold nothing back.

with

fails as (

    select
        check_id,
        is_population,
        district_code,
        entity_type,
        entity_id,
        counterpart_id,
        period,
        anchor_on,
        project_id,
        counterpart_project_id,
        uscc
    from {{ ref('int_check__controlled') }}
    where outcome = 'fail'

),

effective as (

    select
        check_id,
        district_code,
        entity_type,
        entity_id,
        counterpart_id,
        period,
        effective_severity
    from {{ ref('int_check__effective') }}
    where effective_severity in ('block', 'quarantine')

),

-- Numbers of projects and firms are those of a district, as in fct_check_result.
districts as (

    select count(distinct district_code) > 1 as are_several
    from {{ ref('int_check__controlled') }}

),

projects as (

    select
        project_id,
        district_code,
        uscc
    from {{ ref('int_check__project') }}

),

standing as (

    select
        fails.check_id,
        {{ finding_id(
            "fails",
            "case when districts.are_several and fails.district_code is not null "
            ~ "then fails.district_code || '-' || fails.entity_id else fails.entity_id end",
        ) }} as finding_id,
        fails.district_code,
        fails.entity_type,
        fails.anchor_on,
        fails.project_id,
        fails.counterpart_project_id,
        fails.uscc,
        effective.effective_severity
    from fails
    cross join districts
    inner join effective
        on
            fails.check_id = effective.check_id
            and fails.district_code is not distinct from effective.district_code
            and fails.entity_type = effective.entity_type
            and fails.entity_id = effective.entity_id
            and fails.counterpart_id is not distinct from effective.counterpart_id
            and fails.period is not distinct from effective.period
    where not fails.is_population

),

held_back as (

    select
        project_id,
        finding_id,
        check_id,
        effective_severity,
        anchor_on as since
    from standing
    where project_id is not null

    union all

    -- The other side of a pair.
    select
        counterpart_project_id as project_id,
        finding_id,
        check_id,
        effective_severity,
        anchor_on as since
    from standing
    where counterpart_project_id is not null

    union all

    select
        projects.project_id,
        standing.finding_id,
        standing.check_id,
        standing.effective_severity,
        standing.anchor_on as since
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
        since
    from held_back

)

select
    project_id,
    finding_id,
    check_id,
    effective_severity,
    since
from final
