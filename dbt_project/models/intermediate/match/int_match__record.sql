with

signing as (

    select
        district_code,
        signing_row_no,
        uscc,
        company_name,
        project_name,
        received_on,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_signing__history') }}
    qualify row_number() over (
        partition by district_code, signing_row_no order by valid_from desc
    ) = 1

),

filing as (

    select
        district_code,
        project_code,
        uscc,
        company_name,
        project_name,
        received_on,
        file_name,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_filing__current') }}

),

permit as (

    select
        district_code,
        construction_permit_no,
        project_code,
        uscc,
        company_name,
        project_name,
        received_on,
        file_name,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_permit__current') }}

),

fai as (

    select
        district_code,
        project_code,
        uscc,
        cast(null as varchar) as company_name,
        project_name,
        received_on,
        file_name,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_fai__current') }}
    qualify row_number() over (
        partition by district_code, project_code order by stat_period desc
    ) = 1

),

land as (

    select
        district_code,
        land_supervision_no,
        cast(null as varchar) as uscc,
        company_name,
        project_name,
        received_on,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_land__current') }}

),

firm_names as (

    select
        district_code,
        company_key,
        uscc
    from {{ ref('int_firm_name') }}
    where firm_count = 1

),

-- A project code is named by its filing, else by a permit, else by the investment report.
codes as (

    select
        district_code,
        'filing' as source,
        {{ project_code_key("project_code") }} as record_key,
        uscc,
        company_name,
        project_name,
        received_on,
        file_name,
        file_sha256,
        sheet,
        row_number
    from filing

    union all

    select
        district_code,
        'permit' as source,
        {{ project_code_key("project_code") }} as record_key,
        uscc,
        company_name,
        project_name,
        received_on,
        file_name,
        file_sha256,
        sheet,
        row_number
    from permit

    union all

    select
        district_code,
        'fai' as source,
        {{ project_code_key("project_code") }} as record_key,
        uscc,
        company_name,
        project_name,
        received_on,
        file_name,
        file_sha256,
        sheet,
        row_number
    from fai

),

named_codes as (

    select
        district_code,
        source,
        record_key,
        uscc,
        company_name,
        project_name,
        received_on,
        file_sha256,
        sheet,
        row_number
    from codes
    where record_key is not null
    qualify row_number() over (
        partition by district_code, record_key
        order by
            case source when 'filing' then 1 when 'permit' then 2 else 3 end,
            received_on desc,
            file_name desc,
            sheet desc,
            row_number desc
    ) = 1

),

records as (

    select
        'signing' as record_kind,
        'signing' as source,
        district_code,
        signing_row_no as record_key,
        uscc,
        company_name,
        project_name,
        received_on,
        file_sha256,
        sheet,
        row_number
    from signing

    union all

    select
        'project_code' as record_kind,
        source,
        district_code,
        record_key,
        uscc,
        company_name,
        project_name,
        received_on,
        file_sha256,
        sheet,
        row_number
    from named_codes

    union all

    select
        'construction_permit_no' as record_kind,
        'permit' as source,
        district_code,
        construction_permit_no as record_key,
        uscc,
        company_name,
        project_name,
        received_on,
        file_sha256,
        sheet,
        row_number
    from permit
    where project_code is null

    union all

    select
        'land_supervision_no' as record_kind,
        'land' as source,
        district_code,
        land_supervision_no as record_key,
        uscc,
        company_name,
        project_name,
        received_on,
        file_sha256,
        sheet,
        row_number
    from land

),

keyed as (

    select
        record_kind,
        source,
        district_code,
        record_key,
        nullif(uscc, '') as uscc,
        {{ company_key("company_name") }} as company_key,
        {{ text_key("project_name") }} as name_key,
        company_name,
        project_name,
        received_on,
        file_sha256,
        sheet,
        row_number
    from records

),

phased as (

    select
        keyed.record_kind,
        keyed.source,
        keyed.district_code,
        keyed.record_key,
        -- Land and some ledger rows name the firm only: its code is the one that has borne the
        -- name.
        coalesce(keyed.uscc, firm_names.uscc) as uscc,
        keyed.uscc is not null as is_uscc_stated,
        keyed.company_key,
        keyed.name_key,
        {{ phase_token("keyed.name_key") }} as phase,
        keyed.company_name,
        keyed.project_name,
        keyed.received_on,
        keyed.file_sha256,
        keyed.sheet,
        keyed.row_number
    from keyed
    left join firm_names
        on
            keyed.district_code = firm_names.district_code
            and keyed.company_key = firm_names.company_key

),

final as (

    select
        record_kind,
        source,
        district_code,
        record_key,
        uscc,
        is_uscc_stated,
        company_key,
        name_key,
        -- The name without its phase: phases are compared apart.
        coalesce(
            nullif(regexp_replace(name_key, '[一二三四五六七八九十0-9]+期|[A-Z]区', ''), ''), name_key
        ) as base_name,
        phase,
        company_name,
        project_name,
        received_on,
        file_sha256,
        sheet,
        row_number
    from phased

)

select
    record_kind,
    source,
    district_code,
    record_key,
    uscc,
    is_uscc_stated,
    company_key,
    name_key,
    base_name,
    phase,
    company_name,
    project_name,
    received_on,
    file_sha256,
    sheet,
    row_number
from final
