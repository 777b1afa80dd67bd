with

records as (

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
        received_on,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_match__record') }}

),

signings as (

    select
        district_code,
        signing_row_no,
        land_area,
        land_planning_permit_no,
        involves_land,
        valid_to is not null as is_withdrawn
    from {{ ref('int_signing__history') }}
    qualify row_number() over (
        partition by district_code, signing_row_no order by valid_from desc
    ) = 1

),

filings as (

    select
        district_code,
        {{ project_code_key("project_code") }} as project_code,
        land_area,
        parcel_no,
        is_withdrawn
    from {{ ref('int_filing__current') }}

),

code_links as (

    select
        district_code,
        project_code,
        project_id
    from {{ ref('int_match__project_code') }}

),

as_signed as (

    select
        records.district_code || '-' || records.record_key as project_id,
        records.district_code,
        records.source,
        records.record_key,
        records.uscc,
        records.is_uscc_stated,
        records.company_key,
        records.name_key,
        records.base_name,
        records.phase,
        signings.land_area,
        cast(null as varchar) as parcel_key,
        {{ text_key("signings.land_planning_permit_no") }} as land_planning_permit_key,
        coalesce(signings.involves_land, true) as may_need_land,
        signings.is_withdrawn,
        records.received_on,
        records.file_sha256,
        records.sheet,
        records.row_number
    from records
    inner join signings
        on
            records.district_code = signings.district_code
            and records.record_key = signings.signing_row_no
    where records.record_kind = 'signing'

),

as_coded as (

    select
        code_links.project_id,
        records.district_code,
        records.source,
        records.record_key,
        records.uscc,
        records.is_uscc_stated,
        records.company_key,
        records.name_key,
        records.base_name,
        records.phase,
        filings.land_area,
        {{ text_key("filings.parcel_no") }} as parcel_key,
        cast(null as varchar) as land_planning_permit_key,
        true as may_need_land,
        coalesce(filings.is_withdrawn, false) as is_withdrawn,
        records.received_on,
        records.file_sha256,
        records.sheet,
        records.row_number
    from records
    inner join code_links
        on
            records.district_code = code_links.district_code
            and records.record_key = code_links.project_code
    left join filings
        on
            records.district_code = filings.district_code
            and records.record_key = filings.project_code
    where records.record_kind = 'project_code'

),

final as (

    select
        project_id,
        district_code,
        source,
        record_key,
        uscc,
        is_uscc_stated,
        company_key,
        name_key,
        base_name,
        phase,
        land_area,
        parcel_key,
        land_planning_permit_key,
        may_need_land,
        is_withdrawn,
        received_on,
        file_sha256,
        sheet,
        row_number
    from as_signed

    union all

    select
        project_id,
        district_code,
        source,
        record_key,
        uscc,
        is_uscc_stated,
        company_key,
        name_key,
        base_name,
        phase,
        land_area,
        parcel_key,
        land_planning_permit_key,
        may_need_land,
        is_withdrawn,
        received_on,
        file_sha256,
        sheet,
        row_number
    from as_coded

)

select
    project_id,
    district_code,
    source,
    record_key,
    uscc,
    is_uscc_stated,
    company_key,
    name_key,
    base_name,
    phase,
    land_area,
    parcel_key,
    land_planning_permit_key,
    may_need_land,
    is_withdrawn,
    received_on,
    file_sha256,
    sheet,
    row_number
from final
