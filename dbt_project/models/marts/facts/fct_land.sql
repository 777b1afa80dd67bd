with

lands as (

    select
        district_code,
        land_supervision_no,
        company_name,
        {{ company_key("company_name") }} as company_key,
        land_contract_no,
        parcel_no,
        project_name,
        division_name,
        site_address,
        land_area,
        land_use,
        supply_mode,
        land_price,
        agreed_far_min,
        agreed_far_max,
        agreed_intensity,
        contract_sign_date,
        agreed_handover_date,
        agreed_start_date,
        agreed_completion_date,
        actual_start_date,
        actual_completion_date,
        received_on,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_land__current') }}
    -- Nothing is known in a mart of what happened after as_of (metrics.md, "Precisely").
    where coalesce(contract_sign_date, received_on) <= {{ as_of() }}

),

land_links as (

    select
        district_code,
        land_supervision_no,
        company_name,
        project_id,
        match_method,
        confidence
    from {{ ref('int_match__land') }}
    where project_id is not null

),

firm_names as (

    select
        district_code,
        company_key,
        uscc
    from {{ ref('int_firm_name') }}
    where firm_count = 1

),

projects as (

    select
        project_id,
        uscc
    from {{ ref('int_project') }}

),

final as (

    select
        lands.district_code,
        lands.land_supervision_no,
        lands.company_name,
        land_links.project_id,
        coalesce(firm_names.uscc, projects.uscc) as uscc,
        land_links.match_method,
        land_links.confidence,
        lands.land_contract_no,
        lands.parcel_no,
        lands.project_name,
        lands.division_name,
        lands.site_address,
        cast(lands.land_area as decimal(20, 4)) as land_area,
        lands.land_use,
        lands.supply_mode,
        cast(lands.land_price as decimal(20, 4)) as land_price,
        cast(lands.agreed_far_min as decimal(20, 4)) as agreed_far_min,
        cast(lands.agreed_far_max as decimal(20, 4)) as agreed_far_max,
        cast(lands.agreed_intensity as decimal(20, 4)) as agreed_intensity,
        lands.contract_sign_date as contract_signed_on,
        lands.agreed_handover_date,
        lands.agreed_start_date,
        lands.agreed_completion_date,
        case when lands.actual_start_date <= {{ as_of() }} then lands.actual_start_date end
            as started_on,
        case
            when lands.actual_completion_date <= {{ as_of() }} then lands.actual_completion_date
        end as completed_on,
        lands.received_on,
        'land' as source,
        lands.file_sha256,
        lands.sheet,
        lands.row_number
    from lands
    left join land_links
        on
            lands.district_code = land_links.district_code
            and lands.land_supervision_no = land_links.land_supervision_no
            and lands.company_name is not distinct from land_links.company_name
    left join firm_names
        on
            lands.district_code = firm_names.district_code
            and lands.company_key = firm_names.company_key
    left join projects on land_links.project_id = projects.project_id

)

select
    district_code,
    land_supervision_no,
    company_name,
    project_id,
    uscc,
    match_method,
    confidence,
    land_contract_no,
    parcel_no,
    project_name,
    division_name,
    site_address,
    land_area,
    land_use,
    supply_mode,
    land_price,
    agreed_far_min,
    agreed_far_max,
    agreed_intensity,
    contract_signed_on,
    agreed_handover_date,
    agreed_start_date,
    agreed_completion_date,
    started_on,
    completed_on,
    received_on,
    source,
    file_sha256,
    sheet,
    row_number
from final
