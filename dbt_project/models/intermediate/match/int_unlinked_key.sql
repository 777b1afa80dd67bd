with

code_links as (

    select
        district_code,
        project_code,
        source,
        signing_row_no,
        project_id,
        unlinked_reason,
        candidate_count,
        best_candidate,
        best_similarity
    from {{ ref('int_match__project_code') }}

),

named_codes as (

    select
        district_code,
        record_key as project_code,
        company_name,
        project_name,
        received_on,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_match__record') }}
    where record_kind = 'project_code'

),

permits as (

    select
        district_code,
        construction_permit_no,
        company_name,
        project_name,
        unlinked_reason,
        candidate_count,
        best_candidate,
        best_similarity,
        received_on,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_match__permit') }}
    where project_id is null

),

lands as (

    select
        district_code,
        land_supervision_no,
        company_name,
        project_name,
        unlinked_reason,
        candidate_count,
        best_candidate,
        best_similarity,
        received_on,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_match__land') }}
    where project_id is null

),

accounts as (

    select
        district_code,
        power_account_no,
        company_name,
        unlinked_reason,
        candidate_count,
        received_on,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_match__power') }}
    where project_id is null

),

acceptances as (

    select
        acceptance.district_code,
        acceptance.acceptance_record_no,
        acceptance.project_name,
        acceptance.received_on,
        acceptance.file_sha256,
        acceptance.sheet,
        acceptance.row_number
    from {{ ref('int_acceptance__current') }} as acceptance
    left join {{ ref('int_permit__current') }} as permit
        on
            acceptance.district_code = permit.district_code
            and acceptance.construction_permit_no = permit.construction_permit_no
    where permit.construction_permit_no is null

),

ledger_rows as (

    select distinct
        district_code,
        signing_row_no
    from {{ ref('int_signing__history') }}

),

recognitions as (

    select
        recognition.district_code,
        recognition.signing_row_no,
        recognition.project_name,
        recognition.received_on,
        recognition.file_sha256,
        recognition.sheet,
        recognition.row_number
    from {{ ref('int_recognition__current') }} as recognition
    left join ledger_rows
        on
            recognition.district_code = ledger_rows.district_code
            and recognition.signing_row_no = ledger_rows.signing_row_no
    where ledger_rows.signing_row_no is null
    qualify row_number() over (
        partition by recognition.district_code, recognition.signing_row_no
        order by
            recognition.received_on,
            recognition.file_sha256,
            recognition.sheet,
            recognition.row_number
    ) = 1

),

final as (

    -- A code without a ledger row is a project of its own; it is listed all the same.
    select
        code_links.district_code,
        code_links.source,
        'project_code' as key_kind,
        code_links.project_code as key_value,
        named_codes.company_name,
        named_codes.project_name,
        code_links.unlinked_reason as reason_code,
        code_links.candidate_count,
        code_links.best_candidate,
        code_links.best_similarity,
        named_codes.received_on,
        named_codes.file_sha256,
        named_codes.sheet,
        named_codes.row_number
    from code_links
    inner join named_codes
        on
            code_links.district_code = named_codes.district_code
            and code_links.project_code = named_codes.project_code
    where code_links.signing_row_no is null

    union all

    select
        district_code,
        'permit' as source,
        'construction_permit_no' as key_kind,
        construction_permit_no as key_value,
        company_name,
        project_name,
        unlinked_reason as reason_code,
        candidate_count,
        best_candidate,
        best_similarity,
        received_on,
        file_sha256,
        sheet,
        row_number
    from permits

    union all

    select
        district_code,
        'land' as source,
        'land_supervision_no' as key_kind,
        land_supervision_no as key_value,
        company_name,
        project_name,
        unlinked_reason as reason_code,
        candidate_count,
        best_candidate,
        best_similarity,
        received_on,
        file_sha256,
        sheet,
        row_number
    from lands

    union all

    select
        district_code,
        'power' as source,
        'power_account_no' as key_kind,
        power_account_no as key_value,
        company_name,
        null as project_name,
        unlinked_reason as reason_code,
        candidate_count,
        null as best_candidate,
        null as best_similarity,
        received_on,
        file_sha256,
        sheet,
        row_number
    from accounts

    union all

    select
        district_code,
        'acceptance' as source,
        'acceptance_record_no' as key_kind,
        acceptance_record_no as key_value,
        null as company_name,
        project_name,
        'permit_unknown' as reason_code,
        0 as candidate_count,
        null as best_candidate,
        null as best_similarity,
        received_on,
        file_sha256,
        sheet,
        row_number
    from acceptances

    union all

    select
        district_code,
        'recognition' as source,
        'signing_row_no' as key_kind,
        signing_row_no as key_value,
        null as company_name,
        project_name,
        'row_unknown' as reason_code,
        0 as candidate_count,
        null as best_candidate,
        null as best_similarity,
        received_on,
        file_sha256,
        sheet,
        row_number
    from recognitions

)

select
    district_code,
    source,
    key_kind,
    key_value,
    company_name,
    project_name,
    reason_code,
    candidate_count,
    best_candidate,
    best_similarity,
    received_on,
    file_sha256,
    sheet,
    row_number
from final
