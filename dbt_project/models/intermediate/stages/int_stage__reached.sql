-- All stage dates of a project by as_of, in both readings, each with the source row that decided
-- it.

with

claimed_stages as (

    select
        project_id,
        stage_no,
        event_date,
        recognised_on,
        stands,
        withdrawn_on,
        source,
        file_sha256,
        sheet,
        row_number,
        withdrawn_file_sha256,
        withdrawn_sheet,
        withdrawn_row_number
    from {{ ref('int_stage__claimed') }}

),

repeat_signings as (

    select project_id
    from {{ ref('int_stage__repeat_signing') }}

),

filings as (

    select
        project_id,
        filing_date,
        is_first,
        stands,
        withdrawn_on,
        file_sha256,
        sheet,
        row_number,
        withdrawn_file_sha256,
        withdrawn_sheet,
        withdrawn_row_number
    from {{ ref('int_stage__filing') }}

),

starts as (

    select
        project_id,
        started_on,
        source,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_stage__start') }}

),

completions as (

    select
        project_id,
        completed_on,
        source,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_stage__completion') }}

),

productions as (

    select
        project_id,
        produced_on,
        complete_on,
        source,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_stage__production') }}

),

on_targets as (

    select
        project_id,
        on_target_on,
        source,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_stage__on_target') }}
    where variant = 'main'

),

evidenced_stages as (

    -- 签约 is evidenced by the register itself, unless it repeats another signing.
    select
        project_id,
        stage_no,
        event_date,
        event_date as complete_on,
        true as stands,
        cast(null as date) as withdrawn_on,
        source,
        file_sha256,
        sheet,
        row_number,
        cast(null as varchar) as withdrawn_file_sha256,
        cast(null as varchar) as withdrawn_sheet,
        cast(null as bigint) as withdrawn_row_number
    from claimed_stages
    where
        stage_no = 1
        and project_id not in (select repeat_signings.project_id from repeat_signings)

    union all

    -- The first filing that stands, and every filing that was taken away.
    select
        project_id,
        2 as stage_no,
        filing_date as event_date,
        filing_date as complete_on,
        stands,
        withdrawn_on,
        'filing' as source,
        file_sha256,
        sheet,
        row_number,
        withdrawn_file_sha256,
        withdrawn_sheet,
        withdrawn_row_number
    from filings
    where
        is_first
        or not stands

    union all

    select
        project_id,
        3 as stage_no,
        started_on as event_date,
        started_on as complete_on,
        true as stands,
        cast(null as date) as withdrawn_on,
        source,
        file_sha256,
        sheet,
        row_number,
        cast(null as varchar) as withdrawn_file_sha256,
        cast(null as varchar) as withdrawn_sheet,
        cast(null as bigint) as withdrawn_row_number
    from starts

    union all

    select
        project_id,
        4 as stage_no,
        completed_on as event_date,
        completed_on as complete_on,
        true as stands,
        cast(null as date) as withdrawn_on,
        source,
        file_sha256,
        sheet,
        row_number,
        cast(null as varchar) as withdrawn_file_sha256,
        cast(null as varchar) as withdrawn_sheet,
        cast(null as bigint) as withdrawn_row_number
    from completions

    union all

    select
        project_id,
        5 as stage_no,
        produced_on as event_date,
        complete_on,
        true as stands,
        cast(null as date) as withdrawn_on,
        source,
        file_sha256,
        sheet,
        row_number,
        cast(null as varchar) as withdrawn_file_sha256,
        cast(null as varchar) as withdrawn_sheet,
        cast(null as bigint) as withdrawn_row_number
    from productions

    union all

    select
        project_id,
        6 as stage_no,
        on_target_on as event_date,
        on_target_on as complete_on,
        true as stands,
        cast(null as date) as withdrawn_on,
        source,
        file_sha256,
        sheet,
        row_number,
        cast(null as varchar) as withdrawn_file_sha256,
        cast(null as varchar) as withdrawn_sheet,
        cast(null as bigint) as withdrawn_row_number
    from on_targets

),

final as (

    select
        project_id,
        stage_no,
        'claimed' as reading,
        event_date,
        event_date as complete_on,
        recognised_on,
        stands,
        withdrawn_on,
        source,
        file_sha256,
        sheet,
        row_number,
        withdrawn_file_sha256,
        withdrawn_sheet,
        withdrawn_row_number
    from claimed_stages

    union all

    select
        project_id,
        stage_no,
        'evidenced' as reading,
        event_date,
        complete_on,
        cast(null as date) as recognised_on,
        stands,
        withdrawn_on,
        source,
        file_sha256,
        sheet,
        row_number,
        withdrawn_file_sha256,
        withdrawn_sheet,
        withdrawn_row_number
    from evidenced_stages

)

select
    project_id,
    stage_no,
    reading,
    event_date,
    complete_on,
    recognised_on,
    stands,
    withdrawn_on,
    source,
    file_sha256,
    sheet,
    row_number,
    withdrawn_file_sha256,
    withdrawn_sheet,
    withdrawn_row_number
from final
