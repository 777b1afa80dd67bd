with

drops as (

    select
        source,
        district_code,
        file_sha256,
        file_name,
        received_on,
        mode,
        contract_version,
        status,
        rows_read,
        rows_accepted,
        rows_quarantined
    from {{ ref('stg_load_log') }}
    where file_sha256 is not null

),

-- The same bytes dropped again are the same file. What a later drop made of it counts: an unchanged
-- file is a loaded one.
final as (

    select
        source,
        district_code,
        file_sha256,
        arg_min(file_name, (coalesce(received_on, date '9999-12-31'), file_name)) as file_name,
        min(received_on) as first_received_on,
        max(received_on) as last_received_on,
        count(*) as drop_count,
        bool_or(status in ('loaded', 'unchanged')) as is_loaded,
        max(mode) as mode,
        max(contract_version) as contract_version,
        max(rows_read) as rows_read,
        max(rows_accepted) as rows_accepted,
        max(rows_quarantined) as rows_quarantined
    from drops
    group by source, district_code, file_sha256

)

select
    source,
    district_code,
    file_sha256,
    file_name,
    first_received_on,
    last_received_on,
    drop_count,
    is_loaded,
    mode,
    contract_version,
    rows_read,
    rows_accepted,
    rows_quarantined
from final
