-- Every decision about a finding with what became of it: it counts while the figures are those it
-- was made about, and no later one about the same figures stands.

with

decisions as (

    select
        finding_id,
        check_id,
        district_code,
        entity_type,
        entity_id,
        counterpart_id,
        period,
        decision,
        actor,
        reason,
        figures_digest,
        decided_on,
        file_name,
        row_number,
        problem
    from {{ ref('stg_finding_decision') }}

),

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

-- By its key, where the decision gives it: ids change when a second district joins the warehouse.
matched as (

    select
        decisions.decided_on,
        decisions.file_name,
        decisions.row_number,
        findings.finding_id,
        findings.figures_digest
    from decisions
    inner join findings
        on
            decisions.check_id = findings.check_id
            and decisions.district_code is not distinct from findings.district_code
            and decisions.entity_type = findings.entity_type
            and decisions.entity_id = findings.entity_id
            and decisions.counterpart_id is not distinct from findings.counterpart_id
            and decisions.period is not distinct from findings.period

    union all

    select
        decisions.decided_on,
        decisions.file_name,
        decisions.row_number,
        findings.finding_id,
        findings.figures_digest
    from decisions
    inner join findings on decisions.finding_id = findings.finding_id
    where decisions.check_id is null

),

judged as (

    select
        matched.finding_id,
        coalesce(matched.finding_id, decisions.finding_id) as decided_finding_id,
        decisions.check_id,
        decisions.decision,
        decisions.actor,
        decisions.reason,
        decisions.figures_digest,
        decisions.decided_on,
        decisions.file_name,
        decisions.row_number,
        decisions.problem,
        case
            when decisions.problem is not null then decisions.problem
            when matched.finding_id is null then 'unknown'
            when decisions.figures_digest <> matched.figures_digest then 'lapsed'
        end as obstacle
    from decisions
    left join matched
        on
            decisions.decided_on = matched.decided_on
            and decisions.file_name = matched.file_name
            and decisions.row_number = matched.row_number

),

final as (

    select
        decided_finding_id as finding_id,
        check_id,
        decision,
        actor,
        reason,
        figures_digest,
        decided_on,
        file_name,
        row_number,
        case
            when obstacle is not null then obstacle
            when row_number() over (
                partition by finding_id, obstacle
                order by decided_on desc, file_name desc, row_number desc
            ) = 1 then 'in_force'
            else 'superseded'
        end as state
    from judged

)

select
    finding_id,
    check_id,
    decision,
    actor,
    reason,
    figures_digest,
    decided_on,
    file_name,
    row_number,
    state
from final
