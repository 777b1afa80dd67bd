with

decided as (

    select
        finding_id,
        check_id,
        decision,
        actor,
        reason,
        decided_on,
        figures_digest,
        state,
        file_name,
        row_number
    from {{ ref('int_check__decided') }}

),

findings as (

    select
        finding_id,
        check_id
    from {{ ref('int_check__finding') }}

),

final as (

    select
        substr(
            md5(concat_ws('|', decided.decided_on, decided.file_name, decided.row_number)), 1, 16
        )
            as decision_id,
        decided.finding_id,
        coalesce(findings.check_id, decided.check_id) as check_id,
        decided.decision,
        decided.actor,
        decided.reason,
        decided.decided_on,
        decided.figures_digest,
        decided.state,
        case decided.state
            when 'in_force' then '有效'
            when 'superseded' then '已被后来的决定取代'
            when 'lapsed' then '已失效：数字变了，疑点重新提出'
            when 'unknown' then '未生效：现在没有这条疑点'
            when 'unreadable' then '未生效：标识、结论或数字摘要缺失或写法不对'
            else '未生效：缺少理由或决定人'
        end as state_zh,
        decided.file_name as decision_file,
        cast(decided.row_number as bigint) as decision_row
    from decided
    left join findings on decided.finding_id = findings.finding_id

)

select
    decision_id,
    finding_id,
    check_id,
    decision,
    actor,
    reason,
    decided_on,
    figures_digest,
    state,
    state_zh,
    decision_file,
    decision_row
from final
