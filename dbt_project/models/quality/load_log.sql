with

drops as (

    select
        file_name,
        file_sha256,
        source,
        received_on,
        mode,
        contract_version,
        status,
        reason_code,
        reason_zh,
        reason_en,
        headers_found,
        unknown_columns,
        rows_read,
        rows_accepted,
        rows_quarantined,
        rows_control,
        rows_ignored,
        money_read,
        money_accepted,
        money_quarantined,
        district_code,
        personal_columns
    from {{ ref('stg_load_log') }}

),

final as (

    select
        file_name,
        file_sha256,
        source,
        received_on,
        mode,
        contract_version,
        status,
        reason_code,
        reason_zh,
        reason_en,
        headers_found,
        unknown_columns,
        rows_read,
        rows_accepted,
        rows_quarantined,
        rows_control,
        rows_ignored,
        money_read,
        money_accepted,
        money_quarantined,
        district_code,
        personal_columns
    from drops

)

select
    file_name,
    file_sha256,
    source,
    received_on,
    mode,
    contract_version,
    status,
    reason_code,
    reason_zh,
    reason_en,
    headers_found,
    unknown_columns,
    rows_read,
    rows_accepted,
    rows_quarantined,
    rows_control,
    rows_ignored,
    money_read,
    money_accepted,
    money_quarantined,
    district_code,
    personal_columns
from final
