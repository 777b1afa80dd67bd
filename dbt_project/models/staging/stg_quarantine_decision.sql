{{ config(materialized="table") }}

-- What was decided last about every cell in quarantine by known_on: waived, or released with the row
-- as it stands.

with

decisions as (

    select
        data,
        decided_on,
        file_name,
        row_number
    from {{ ref('stg_decision') }}
    where kind = 'quarantine'

),

written as (

    select
        {{ decision_text('quarantine_id', '隔离编号') }} as quarantine_id,
        {{ decision_text('action', '动作') }} as action,
        {{ decision_text('reason', '理由') }} as reason,
        {{ decision_text('actor', '决定人') }} as actor,
        {{ decision_text('row', '行') }} as held_row,
        decided_on,
        file_name,
        row_number
    from decisions

),

final as (

    select
        quarantine_id,
        case action when 'waive' then 'waived' when 'release' then 'released' end as state,
        reason,
        actor,
        held_row,
        decided_on
    from written
    where action in ('waive', 'release')
    qualify row_number() over (
        partition by quarantine_id
        order by decided_on desc, file_name desc, row_number desc
    ) = 1

)

select
    quarantine_id,
    state,
    reason,
    actor,
    held_row,
    decided_on
from final
