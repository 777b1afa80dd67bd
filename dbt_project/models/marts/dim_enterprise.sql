with

enterprises as (

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
    from {{ ref('int_enterprise__version') }}

),

above_scale as (

    select
        district_code,
        uscc,
        max(stat_year) as above_scale_year,
        min(above_scale_date) as above_scale_date
    from {{ ref('int_above_scale__current') }}
    group by district_code, uscc

),

industries as (

    select
        code,
        section_code
    from {{ ref('gbt4754') }}

),

keyed as (

    select
        enterprises.district_code,
        enterprises.uscc,
        enterprises.version_no,
        enterprises.valid_from,
        enterprises.valid_to,
        enterprises.company_name,
        enterprises.organisation_code,
        enterprises.company_registered_date,
        enterprises.registered_capital,
        enterprises.industry_code,
        {{ industry_key("enterprises.industry_code") }} as industry_key,
        enterprises.enterprise_status,
        enterprises.deregistered_date,
        enterprises.revoked_date,
        enterprises.reporting_unit,
        enterprises.controller_uscc,
        enterprises.successor_uscc,
        enterprises.site_address,
        enterprises.is_in_register,
        above_scale.above_scale_year,
        above_scale.above_scale_date,
        enterprises.source,
        enterprises.file_sha256,
        enterprises.sheet,
        enterprises.row_number
    from enterprises
    left join above_scale
        on
            enterprises.district_code = above_scale.district_code
            and enterprises.uscc = above_scale.uscc

),

final as (

    select
        keyed.district_code,
        keyed.uscc,
        keyed.version_no,
        keyed.valid_from,
        keyed.valid_to,
        keyed.valid_to is null as is_current,
        keyed.company_name,
        keyed.organisation_code,
        keyed.company_registered_date,
        cast(keyed.registered_capital as decimal(20, 4)) as registered_capital,
        keyed.industry_code,
        coalesce(industries.section_code, industry_divisions.section_code) as industry_section,
        keyed.enterprise_status,
        keyed.deregistered_date,
        keyed.revoked_date,
        keyed.reporting_unit,
        keyed.controller_uscc,
        keyed.successor_uscc,
        keyed.site_address,
        keyed.is_in_register,
        keyed.above_scale_year,
        keyed.above_scale_date,
        keyed.source,
        keyed.file_sha256,
        keyed.sheet,
        keyed.row_number
    from keyed
    left join industries on keyed.industry_key = industries.code
    left join industries as industry_divisions
        on left(keyed.industry_key, 2) = industry_divisions.code

)

select
    district_code,
    uscc,
    version_no,
    valid_from,
    valid_to,
    is_current,
    company_name,
    organisation_code,
    company_registered_date,
    registered_capital,
    industry_code,
    industry_section,
    enterprise_status,
    deregistered_date,
    revoked_date,
    reporting_unit,
    controller_uscc,
    successor_uscc,
    site_address,
    is_in_register,
    above_scale_year,
    above_scale_date,
    source,
    file_sha256,
    sheet,
    row_number
from final
