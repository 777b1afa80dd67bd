-- The decision in force about every finding, as known by known_on; `open` where there is none.

with

findings as (

    select
        finding_id,
        check_id,
        district_code,
        entity_type,
        entity_id,
        counterpart_id,
        period,
        figures_digest
    from {{ ref('int_check__finding') }}

),

decided as (

    select
        finding_id,
        decision,
        actor,
        reason,
        decided_on
    from {{ ref('int_check__decided') }}
    where state = 'in_force'

),

final as (

    select
        findings.finding_id,
        findings.check_id,
        findings.district_code,
        findings.entity_type,
        findings.entity_id,
        findings.counterpart_id,
        findings.period,
        findings.figures_digest,
        coalesce(decided.decision, 'open') as decision,
        decided.actor,
        decided.reason,
        decided.decided_on
    from findings
    left join decided on findings.finding_id = decided.finding_id

)

select
    finding_id,
    check_id,
    district_code,
    entity_type,
    entity_id,
    counterpart_id,
    period,
    figures_digest,
    decision,
    actor,
    reason,
    decided_on
from final
