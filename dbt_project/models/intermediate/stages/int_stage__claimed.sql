-- metrics.md "Stages", column claimed on: what the department's recognition or register says.

with

projects as (

    select
        project_id,
        district_code,
        signing_row_no
    from {{ ref('int_project') }}
    where signing_row_no is not null

),

register_versions as (

    select
        district_code,
        signing_row_no,
        project_code,
        signing_date,
        signing_stat_date,
        filing_date,
        filing_stat_date,
        current_stage,
        version_no,
        valid_from,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_signing__history') }}

),

register_codes as (

    select
        district_code,
        signing_row_no,
        project_code
    from {{ ref('int_signing__code') }}
    where is_last_shown

),

filings as (

    select
        district_code,
        {{ project_code_key("project_code") }} as project_code,
        filing_date,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_filing__current') }}
    where filing_date is not null

),

recognitions as (

    select
        district_code,
        signing_row_no,
        recognition_kind,
        actual_date,
        recognised_date,
        withdrawn_on,
        withdrawn_file_sha256,
        withdrawn_sheet,
        withdrawn_row_number,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_recognition__current') }}
    -- 退回 and 不通过 do not count; a 撤销 keeps the 通过 it takes away, with the day from which it acts.
    where result = '通过'

),

-- What the register says last: for a project that is gone, the last row in which it stood.
last_versions as (

    select
        projects.project_id,
        register_versions.signing_date,
        register_versions.signing_stat_date,
        register_versions.filing_date,
        register_versions.filing_stat_date,
        register_versions.file_sha256,
        register_versions.sheet,
        register_versions.row_number
    from register_versions
    inner join projects
        on
            register_versions.district_code = projects.district_code
            and register_versions.signing_row_no = projects.signing_row_no
    qualify row_number() over (
        partition by projects.project_id
        order by register_versions.version_no desc
    ) = 1

),

signed as (

    select
        project_id,
        1 as stage_no,
        signing_date as event_date,
        signing_stat_date as recognised_on,
        'signing' as source,
        file_sha256,
        sheet,
        row_number
    from last_versions

),

shown_codes as (

    select
        projects.project_id,
        register_codes.district_code,
        register_codes.project_code
    from register_codes
    inner join projects
        on
            register_codes.district_code = projects.district_code
            and register_codes.signing_row_no = projects.signing_row_no

),

-- The claimed 备案 stays when the filing is withdrawn, and the first filing counts.
filed_by_code as (

    select
        shown_codes.project_id,
        filings.filing_date,
        filings.file_sha256,
        filings.sheet,
        filings.row_number
    from shown_codes
    inner join filings
        on
            shown_codes.district_code = filings.district_code
            and shown_codes.project_code = filings.project_code
    qualify row_number() over (
        partition by shown_codes.project_id
        order by filings.filing_date, filings.project_code
    ) = 1

),

first_shown as (

    select
        projects.project_id,
        register_versions.valid_from,
        register_versions.file_sha256,
        register_versions.sheet,
        register_versions.row_number
    from register_versions
    inner join projects
        on
            register_versions.district_code = projects.district_code
            and register_versions.signing_row_no = projects.signing_row_no
    where
        register_versions.project_code is not null
        or register_versions.current_stage in (
            '备案', '报批', '开工', '竣工', '投产', '达产', '达效'
        )
    qualify row_number() over (
        partition by projects.project_id
        order by register_versions.version_no
    ) = 1

),

-- One rule after the other, and each keeps the row that it rests on.
filed_candidates as (

    select
        project_id,
        1 as preference,
        filing_date as event_date,
        'signing' as source,
        file_sha256,
        sheet,
        row_number
    from last_versions
    where filing_date is not null

    union all

    select
        project_id,
        2 as preference,
        filing_date as event_date,
        'filing' as source,
        file_sha256,
        sheet,
        row_number
    from filed_by_code

    union all

    select
        project_id,
        3 as preference,
        valid_from as event_date,
        'signing' as source,
        file_sha256,
        sheet,
        row_number
    from first_shown

),

filed as (

    select
        filed_candidates.project_id,
        2 as stage_no,
        filed_candidates.event_date,
        last_versions.filing_stat_date as recognised_on,
        filed_candidates.source,
        filed_candidates.file_sha256,
        filed_candidates.sheet,
        filed_candidates.row_number
    from filed_candidates
    inner join last_versions on filed_candidates.project_id = last_versions.project_id
    qualify row_number() over (
        partition by filed_candidates.project_id
        order by filed_candidates.preference
    ) = 1

),

recognised as (

    select
        projects.project_id,
        case recognitions.recognition_kind
            when '开工' then 3
            when '竣工' then 4
            when '投产' then 5
            when '达效' then 6
        end as stage_no,
        recognitions.actual_date as event_date,
        recognitions.recognised_date as recognised_on,
        'recognition' as source,
        recognitions.file_sha256,
        recognitions.sheet,
        recognitions.row_number,
        recognitions.withdrawn_on,
        recognitions.withdrawn_file_sha256,
        recognitions.withdrawn_sheet,
        recognitions.withdrawn_row_number
    from recognitions
    inner join projects
        on
            recognitions.district_code = projects.district_code
            and recognitions.signing_row_no = projects.signing_row_no

),

unioned as (

    select
        project_id,
        stage_no,
        event_date,
        recognised_on,
        source,
        file_sha256,
        sheet,
        row_number,
        cast(null as date) as withdrawn_on,
        cast(null as varchar) as withdrawn_file_sha256,
        cast(null as varchar) as withdrawn_sheet,
        cast(null as bigint) as withdrawn_row_number
    from signed

    union all

    select
        project_id,
        stage_no,
        event_date,
        recognised_on,
        source,
        file_sha256,
        sheet,
        row_number,
        cast(null as date) as withdrawn_on,
        cast(null as varchar) as withdrawn_file_sha256,
        cast(null as varchar) as withdrawn_sheet,
        cast(null as bigint) as withdrawn_row_number
    from filed

    union all

    select
        project_id,
        stage_no,
        event_date,
        recognised_on,
        source,
        file_sha256,
        sheet,
        row_number,
        withdrawn_on,
        withdrawn_file_sha256,
        withdrawn_sheet,
        withdrawn_row_number
    from recognised
    -- 达产 is recognised too, but is no stage of the funnel.
    where stage_no is not null

),

final as (

    select
        project_id,
        stage_no,
        event_date,
        recognised_on,
        coalesce(withdrawn_on > {{ as_of() }}, true) as stands,
        withdrawn_on,
        source,
        file_sha256,
        sheet,
        row_number,
        withdrawn_file_sha256,
        withdrawn_sheet,
        withdrawn_row_number
    from unioned
    where event_date <= {{ as_of() }}

)

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
from final
