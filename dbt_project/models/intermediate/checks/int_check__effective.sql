-- The two-key rule (checks.md): a block is effective alone; a quarantine is effective when its
-- check is hard, or when a second quarantine of another family stands on the same project or its
-- firm within 12 months; else it is a flag.

with

fails as (

    select
        check_id,
        family,
        is_hard,
        is_population,
        district_code,
        entity_type,
        entity_id,
        counterpart_id,
        period,
        anchor_on,
        project_id,
        counterpart_project_id,
        uscc,
        severity
    from {{ ref('int_check__controlled') }}
    where outcome = 'fail'

),

-- Where a strong fail stands: on each project that it names, and on the firm when it is about one.
marks as (

    select
        check_id,
        family,
        anchor_on,
        'project' as mark_kind,
        unnest([project_id, counterpart_project_id]) as mark
    from fails
    where severity in ('block', 'quarantine') and not is_population

    union all by name

    select
        check_id,
        family,
        anchor_on,
        'firm' as mark_kind,
        district_code || '|' || uscc as mark
    from fails
    where severity in ('block', 'quarantine') and not is_population and entity_type = 'enterprise'

    union all by name

    -- A fail about a project meets one about its firm.
    select
        check_id,
        family,
        anchor_on,
        'firm of a project' as mark_kind,
        district_code || '|' || uscc as mark
    from fails
    where severity in ('block', 'quarantine') and not is_population and entity_type = 'project'

),

quarantines as (

    select *
    from fails
    where severity = 'quarantine' and not is_population

),

seconded as (

    select distinct
        q.check_id,
        q.district_code,
        q.entity_type,
        q.entity_id,
        q.counterpart_id,
        q.period
    from quarantines as q
    inner join marks as m
        on
            (
                (m.mark_kind = 'project' and m.mark in (q.project_id, q.counterpart_project_id))
                or (m.mark_kind = 'firm' and m.mark = q.district_code || '|' || q.uscc)
                or (
                    m.mark_kind = 'firm of a project'
                    and q.entity_type = 'enterprise'
                    and m.mark = q.district_code || '|' || q.uscc
                )
            )
            and m.family <> q.family
            -- A fail without a period is about the whole project: it is near any month.
            and coalesce(
                abs(datediff('month', m.anchor_on, q.anchor_on))
                <= {{ check_threshold('all', 'two_key_months') }},
                true
            )

),

final as (

    select
        fails.check_id,
        fails.district_code,
        fails.entity_type,
        fails.entity_id,
        fails.counterpart_id,
        fails.period,
        case
            when fails.severity <> 'quarantine' or fails.is_hard or seconded.check_id is not null
                then fails.severity
            else 'flag'
        end as effective_severity
    from fails
    left join seconded
        on
            fails.check_id = seconded.check_id
            and fails.district_code is not distinct from seconded.district_code
            and fails.entity_type = seconded.entity_type
            and fails.entity_id = seconded.entity_id
            and fails.counterpart_id is not distinct from seconded.counterpart_id
            and fails.period is not distinct from seconded.period

)

select
    check_id,
    district_code,
    entity_type,
    entity_id,
    counterpart_id,
    period,
    effective_severity
from final
