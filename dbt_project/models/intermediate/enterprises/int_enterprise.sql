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
        valid_to is null as is_in_register,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_enterprise__history') }}
    qualify row_number() over (
        partition by district_code, uscc order by valid_from desc
    ) = 1

),

first_mentions as (

    select
        district_code,
        uscc,
        company_name,
        source,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_enterprise__mention') }}

),

firms as (

    select
        district_code,
        uscc
    from registered

    union distinct

    select
        district_code,
        uscc
    from first_mentions

),

final as (

    select
        firms.district_code,
        firms.uscc,
        coalesce(registered.company_name, first_mentions.company_name) as company_name,
        -- Characters 9-17 hold the old organisation code (GB 11714), by which 15-digit tax ids are
        -- found.
        case when length(firms.uscc) = 18 then substr(firms.uscc, 9, 9) end as organisation_code,
        registered.company_registered_date,
        registered.registered_capital,
        registered.industry_code,
        registered.enterprise_status,
        registered.deregistered_date,
        registered.revoked_date,
        registered.reporting_unit,
        registered.controller_uscc,
        registered.successor_uscc,
        registered.site_address,
        coalesce(registered.is_in_register, false) as is_in_register,
        case when registered.uscc is not null then 'enterprise' else first_mentions.source end
            as source,
        coalesce(registered.file_sha256, first_mentions.file_sha256) as file_sha256,
        coalesce(registered.sheet, first_mentions.sheet) as sheet,
        coalesce(registered.row_number, first_mentions.row_number) as row_number
    from firms
    left join registered
        on
            firms.district_code = registered.district_code
            and firms.uscc = registered.uscc
    left join first_mentions
        on
            firms.district_code = first_mentions.district_code
            and firms.uscc = first_mentions.uscc

)

select
    district_code,
    uscc,
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
