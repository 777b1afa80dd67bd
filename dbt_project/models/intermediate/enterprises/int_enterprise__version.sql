-- A firm over time: as the registry states it, version by version; before its first delivery by the
-- name of the strongest other source that mentions it, and after it was dropped as it last stood.

with

registered as (

    select
        district_code,
        uscc,
        company_name,
        company_registered_date,
        registered_capital,
        industry_code,
        enterprise_status,
        deregistered_date,
        revoked_date,
        reporting_unit,
        controller_uscc,
        successor_uscc,
        site_address,
        file_sha256,
        sheet,
        row_number,
        valid_from,
        valid_to,
        lead(valid_from) over (
            partition by district_code, uscc order by valid_from
        ) as next_valid_from,
        min(valid_from) over (partition by district_code, uscc) as first_valid_from
    from {{ ref('int_enterprise__history') }}

),

mentions as (

    select
        district_code,
        uscc,
        company_name,
        source,
        file_sha256,
        sheet,
        row_number,
        first_received_on
    from {{ ref('int_enterprise__mention') }}

),

first_days as (

    select distinct
        district_code,
        uscc,
        first_valid_from
    from registered

),

versions as (

    select
        district_code,
        uscc,
        company_name,
        company_registered_date,
        registered_capital,
        industry_code,
        enterprise_status,
        deregistered_date,
        revoked_date,
        reporting_unit,
        controller_uscc,
        successor_uscc,
        site_address,
        true as is_in_register,
        'enterprise' as source,
        file_sha256,
        sheet,
        row_number,
        valid_from,
        valid_to
    from registered

    union all

    select
        district_code,
        uscc,
        company_name,
        company_registered_date,
        registered_capital,
        industry_code,
        enterprise_status,
        deregistered_date,
        revoked_date,
        reporting_unit,
        controller_uscc,
        successor_uscc,
        site_address,
        false as is_in_register,
        'enterprise' as source,
        file_sha256,
        sheet,
        row_number,
        valid_to as valid_from,
        next_valid_from as valid_to
    from registered
    where
        valid_to is not null
        and valid_to is distinct from next_valid_from

    union all by name

    select
        mentions.district_code,
        mentions.uscc,
        mentions.company_name,
        false as is_in_register,
        mentions.source,
        mentions.file_sha256,
        mentions.sheet,
        mentions.row_number,
        mentions.first_received_on as valid_from,
        first_days.first_valid_from as valid_to
    from mentions
    left join first_days
        on
            mentions.district_code = first_days.district_code
            and mentions.uscc = first_days.uscc
    where
        first_days.first_valid_from is null
        or mentions.first_received_on < first_days.first_valid_from

),

final as (

    select
        district_code,
        uscc,
        cast(row_number() over (
            partition by district_code, uscc order by valid_from
        ) as integer) as version_no,
        valid_from,
        valid_to,
        company_name,
        -- Characters 9-17 hold the old organisation code (GB 11714).
        case when length(uscc) = 18 then substr(uscc, 9, 9) end as organisation_code,
        company_registered_date,
        registered_capital,
        industry_code,
        enterprise_status,
        deregistered_date,
        revoked_date,
        reporting_unit,
        controller_uscc,
        successor_uscc,
        site_address,
        is_in_register,
        source,
        file_sha256,
        sheet,
        row_number
    from versions

)

select
    district_code,
    uscc,
    version_no,
    valid_from,
    valid_to,
    company_name,
    organisation_code,
    company_registered_date,
    registered_capital,
    industry_code,
    enterprise_status,
    deregistered_date,
    revoked_date,
    reporting_unit,
    controller_uscc,
    successor_uscc,
    site_address,
    is_in_register,
    source,
    file_sha256,
    sheet,
    row_number
from final
