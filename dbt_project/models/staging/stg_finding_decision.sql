{{ config(materialized="table") }}

with

decisions as (

    select
        data,
        decided_on,
        file_name,
        row_number
    from {{ ref('stg_decision') }}
    where kind = 'finding'

),

-- The columns of the file, in English or in Chinese.
written as (

    select
        {{ decision_text('finding_id', '疑点标识') }} as finding_id,
        {{ decision_text('check_id', '检查编号') }} as check_id,
        {{ decision_text('district_code', '区划') }} as district_code,
        {{ decision_text('entity_type', '对象类型') }} as entity_type,
        {{ decision_text('entity_id', '对象标识') }} as entity_id,
        {{ decision_text('counterpart_id', '另一方') }} as counterpart_id,
        {{ decision_text('period', '期间') }} as period,
        {{ decision_text('decision', '结论') }} as decision,
        coalesce({{ decision_text('actor', '决定人') }}, {{ decision_text('editor', '经办人') }})
            as actor,
        {{ decision_text('reason', '理由') }} as reason,
        {{ decision_text('figures_digest', '数字摘要') }} as figures_digest,
        decided_on,
        file_name,
        row_number
    from decisions

),

final as (

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
        -- Without the digest nobody could tell whether the figures have changed since.
        case
            when actor is null or reason is null then 'missing_reason'
            when
                finding_id is null
                or figures_digest is null
                or coalesce(decision not in ('open', 'explained', 'confirmed'), true)
                then 'unreadable'
        end as problem
    from written

)

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
from final
