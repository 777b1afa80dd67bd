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
        reporting_unit,
        project_id,
        counterpart_project_id,
        uscc,
        severity,
        effective_severity,
        figures_digest
    from {{ ref('int_check__finding') }}

),

decisions as (

    select
        finding_id,
        decision,
        actor,
        decided_on
    from {{ ref('int_check__decision') }}

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
        findings.reporting_unit,
        findings.project_id,
        findings.counterpart_project_id,
        findings.uscc,
        findings.severity,
        findings.effective_severity,
        decisions.decision,
        decisions.actor,
        decisions.decided_on,
        findings.figures_digest
    from findings
    inner join decisions on findings.finding_id = decisions.finding_id

)

select
    finding_id,
    check_id,
    district_code,
    entity_type,
    entity_id,
    counterpart_id,
    period,
    reporting_unit,
    project_id,
    counterpart_project_id,
    uscc,
    severity,
    effective_severity,
    decision,
    actor,
    decided_on,
    figures_digest
from final
