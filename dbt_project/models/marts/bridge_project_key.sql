with

code_links as (

    select
        district_code,
        project_code,
        project_id,
        match_method,
        confidence,
        decided_by,
        valid_from,
        evidence_source,
        evidence_file_sha256,
        evidence_sheet,
        evidence_row_number
    from {{ ref('int_match__project_code') }}

),

shown_codes as (

    select
        district_code,
        district_code || '-' || signing_row_no as project_id,
        project_code,
        valid_from,
        valid_to,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_signing__code') }}
    where not is_last_shown

),

permit_links as (

    select
        district_code,
        project_id,
        construction_permit_no,
        match_method,
        confidence,
        decided_by,
        valid_from,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_match__permit') }}
    where project_id is not null

),

land_links as (

    select
        district_code,
        project_id,
        land_supervision_no,
        parcel_no,
        match_method,
        confidence,
        decided_by,
        valid_from,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_match__land') }}
    where project_id is not null

),

power_links as (

    select
        district_code,
        project_id,
        power_account_no,
        match_method,
        confidence,
        decided_by,
        valid_from,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_match__power') }}
    where project_id is not null

),

aliases as (

    select
        project_id,
        district_code,
        source,
        uscc,
        is_uscc_stated,
        received_on,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_project__alias') }}
    where uscc is not null

),

-- A credit code that only the firm's name gave is as sure as an account of that name.
rules as (

    select {{ rule('match_rule', 'confidence_account') }} as confidence_account

),

filed_parcels as (

    select
        filings.district_code,
        code_links.project_id,
        filings.parcel_no,
        code_links.match_method,
        code_links.confidence,
        code_links.decided_by,
        filings.received_on,
        filings.file_sha256,
        filings.sheet,
        filings.row_number
    from {{ ref('int_filing__current') }} as filings
    inner join code_links
        on
            filings.district_code = code_links.district_code
            and {{ project_code_key("filings.project_code") }} = code_links.project_code
    where filings.parcel_no is not null

),

keys as (

    select
        project_id,
        district_code,
        'project_code' as key_kind,
        project_code as key_value,
        match_method,
        confidence,
        decided_by,
        valid_from,
        cast(null as date) as valid_to,
        evidence_source as source,
        evidence_file_sha256 as file_sha256,
        evidence_sheet as sheet,
        evidence_row_number as row_number
    from code_links

    union all

    -- What the ledger showed once and no longer does: a closed link, kept for the record.
    select
        shown_codes.project_id,
        shown_codes.district_code,
        'project_code' as key_kind,
        shown_codes.project_code as key_value,
        'exact_code' as match_method,
        1 as confidence,
        'rule' as decided_by,
        shown_codes.valid_from,
        shown_codes.valid_to,
        'signing' as source,
        shown_codes.file_sha256,
        shown_codes.sheet,
        shown_codes.row_number
    from shown_codes
    left join code_links
        on
            shown_codes.project_id = code_links.project_id
            and shown_codes.project_code = code_links.project_code
    where code_links.project_id is null

    union all

    select
        project_id,
        district_code,
        'construction_permit_no' as key_kind,
        construction_permit_no as key_value,
        match_method,
        confidence,
        decided_by,
        valid_from,
        null as valid_to,
        'permit' as source,
        file_sha256,
        sheet,
        row_number
    from permit_links

    union all

    select
        project_id,
        district_code,
        'land_supervision_no' as key_kind,
        land_supervision_no as key_value,
        match_method,
        confidence,
        decided_by,
        valid_from,
        null as valid_to,
        'land' as source,
        file_sha256,
        sheet,
        row_number
    from land_links

    union all

    select
        project_id,
        district_code,
        'parcel_no' as key_kind,
        parcel_no as key_value,
        match_method,
        confidence,
        decided_by,
        valid_from,
        null as valid_to,
        'land' as source,
        file_sha256,
        sheet,
        row_number
    from land_links
    where parcel_no is not null

    union all

    select
        project_id,
        district_code,
        'parcel_no' as key_kind,
        parcel_no as key_value,
        match_method,
        confidence,
        decided_by,
        received_on as valid_from,
        null as valid_to,
        'filing' as source,
        file_sha256,
        sheet,
        row_number
    from filed_parcels

    union all

    select
        project_id,
        district_code,
        'power_account_no' as key_kind,
        power_account_no as key_value,
        match_method,
        confidence,
        decided_by,
        valid_from,
        null as valid_to,
        'power' as source,
        file_sha256,
        sheet,
        row_number
    from power_links

    union all

    select
        aliases.project_id,
        aliases.district_code,
        'uscc' as key_kind,
        aliases.uscc as key_value,
        case when aliases.is_uscc_stated then 'exact_code' else 'name_similarity' end
            as match_method,
        case when aliases.is_uscc_stated then 1 else rules.confidence_account end as confidence,
        'rule' as decided_by,
        aliases.received_on as valid_from,
        null as valid_to,
        aliases.source,
        aliases.file_sha256,
        aliases.sheet,
        aliases.row_number
    from aliases
    cross join rules

),

-- A key that several documents link to a project stands once, by its strongest and oldest evidence.
strongest as (

    select
        project_id,
        district_code,
        key_kind,
        key_value,
        match_method,
        confidence,
        decided_by,
        valid_from,
        valid_to,
        source,
        file_sha256,
        sheet,
        row_number
    from keys
    qualify row_number() over (
        partition by project_id, key_kind, key_value, valid_to
        order by
            match_method = 'manual' desc,
            confidence desc,
            valid_from,
            source,
            file_sha256,
            sheet,
            row_number
    ) = 1

),

final as (

    select
        project_id,
        district_code,
        key_kind,
        key_value,
        match_method,
        cast(confidence as decimal(5, 4)) as confidence,
        decided_by,
        valid_from,
        valid_to,
        source,
        file_sha256,
        sheet,
        row_number
    from strongest

)

select
    project_id,
    district_code,
    key_kind,
    key_value,
    match_method,
    confidence,
    decided_by,
    valid_from,
    valid_to,
    source,
    file_sha256,
    sheet,
    row_number
from final
