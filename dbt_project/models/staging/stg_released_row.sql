{{ config(materialized="table") }}

-- Rows that left quarantine: every failing cell of them was released by known_on. Staging reads them
-- beside the accepted rows of their source (macros/decided.sql).

with

cells as (

    select
        quarantine_id,
        source,
        district_code,
        received_on,
        file_sha256,
        file_name,
        sheet,
        row_number
    from {{ ref('stg_quarantine') }}

),

decisions as (

    select
        quarantine_id,
        state,
        held_row
    from {{ ref('stg_quarantine_decision') }}

),

final as (

    select
        cells.source,
        cells.district_code,
        cells.received_on,
        cells.file_sha256,
        cells.file_name,
        cells.sheet,
        cells.row_number,
        min(decisions.held_row) as data
    from cells
    left join decisions on cells.quarantine_id = decisions.quarantine_id
    group by
        cells.source,
        cells.district_code,
        cells.received_on,
        cells.file_sha256,
        cells.file_name,
        cells.sheet,
        cells.row_number
    having
        bool_and(coalesce(decisions.state = 'released', false))
        and min(decisions.held_row) is not null

)

select
    source,
    district_code,
    received_on,
    file_sha256,
    file_name,
    sheet,
    row_number,
    data
from final
