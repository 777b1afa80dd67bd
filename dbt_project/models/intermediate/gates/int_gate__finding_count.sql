-- The findings of the checks by project: a pair counts for both of its sides.

with

projects as (

    select project_id
    from {{ ref('int_check__project') }}

),

fails as (

    select
        check_id,
        district_code,
        entity_type,
        entity_id,
        counterpart_id,
        period,
        unnest([project_id, counterpart_project_id]) as project_id
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

),

counted as (

    select
        fails.project_id,
        count(*) as finding_count,
        count(*) filter (where effective.effective_severity in ('block', 'quarantine'))
            as effective_finding_count
    from fails
    inner join effective
        on
            fails.check_id = effective.check_id
            and fails.district_code is not distinct from effective.district_code
            and fails.entity_type = effective.entity_type
            and fails.entity_id = effective.entity_id
            and fails.counterpart_id is not distinct from effective.counterpart_id
            and fails.period is not distinct from effective.period
    group by fails.project_id

),

final as (

    select
        projects.project_id,
        cast(coalesce(counted.finding_count, 0) as integer) as finding_count,
        cast(coalesce(counted.effective_finding_count, 0) as integer) as effective_finding_count
    from projects
    left join counted on projects.project_id = counted.project_id

)

select
    project_id,
    finding_count,
    effective_finding_count
from final
