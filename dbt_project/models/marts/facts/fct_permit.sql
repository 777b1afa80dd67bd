with

permits as (

    select
        district_code,
        construction_permit_no,
        {{ text_key("construction_permit_no") }} as permit_key,
        project_code,
        uscc,
        company_name,
        {{ company_key("company_name") }} as company_key,
        project_name,
        site_project_no,
        construction_planning_permit_no,
        land_planning_permit_no,
        project_category,
        contract_amount,
        permit_floor_area,
        construction_permit_date,
        submission_kind,
        case when withdrawn_on <= {{ as_of() }} then withdrawn_on end as withdrawn_on,
        received_on,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_permit__current') }}
    -- Nothing is known in a mart of what happened after as_of (metrics.md, "Precisely").
    where coalesce(construction_permit_date, received_on) <= {{ as_of() }}

),

permit_links as (

    select
        district_code,
        construction_permit_no,
        project_code,
        project_id,
        match_method,
        confidence
    from {{ ref('int_match__permit') }}
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

acceptances as (

    select
        district_code,
        {{ text_key("construction_permit_no") }} as permit_key,
        accepted_on,
        actual_cost,
        actual_floor_area,
        file_sha256,
        sheet,
        row_number
    from {{ ref('fct_acceptance') }}

),

permit_acceptances as (

    select
        district_code,
        permit_key,
        cast(count(*) as integer) as acceptance_count,
        min(accepted_on) as accepted_on,
        sum(actual_cost) as actual_cost,
        sum(actual_floor_area) as actual_floor_area,
        arg_min(
            struct_pack(
                file_sha256 := file_sha256,
                sheet := sheet,
                row_number := row_number
            ),
            (accepted_on is null, accepted_on, file_sha256, sheet, row_number)
        ) as first_acceptance
    from acceptances
    group by district_code, permit_key

),

accepted as (

    select
        district_code,
        permit_key,
        acceptance_count,
        accepted_on,
        actual_cost,
        actual_floor_area,
        first_acceptance.file_sha256,
        first_acceptance.sheet,
        first_acceptance.row_number
    from permit_acceptances

),

final as (

    select
        permits.district_code,
        permits.construction_permit_no,
        permits.project_code,
        permit_links.project_id,
        coalesce(permits.uscc, firm_names.uscc, projects.uscc) as uscc,
        permit_links.match_method,
        permit_links.confidence,
        permits.company_name,
        permits.project_name,
        permits.site_project_no,
        permits.construction_planning_permit_no,
        permits.land_planning_permit_no,
        permits.project_category,
        cast(permits.contract_amount as decimal(20, 4)) as contract_amount,
        cast(permits.permit_floor_area as decimal(20, 4)) as permit_floor_area,
        permits.construction_permit_date as permitted_on,
        permits.submission_kind,
        permits.withdrawn_on is not null as is_withdrawn,
        permits.withdrawn_on,
        accepted.permit_key is not null as is_accepted,
        accepted.accepted_on,
        coalesce(accepted.acceptance_count, 0) as acceptance_count,
        cast(accepted.actual_floor_area as decimal(20, 4)) as accepted_floor_area,
        cast(accepted.actual_cost as decimal(20, 4)) as actual_cost,
        permits.received_on,
        'permit' as source,
        permits.file_sha256,
        permits.sheet,
        permits.row_number,
        accepted.file_sha256 as acceptance_file_sha256,
        accepted.sheet as acceptance_sheet,
        accepted.row_number as acceptance_row_number
    from permits
    left join permit_links
        on
            permits.district_code = permit_links.district_code
            and permits.construction_permit_no = permit_links.construction_permit_no
            and permits.project_code is not distinct from permit_links.project_code
    left join firm_names
        on
            permits.district_code = firm_names.district_code
            and permits.company_key = firm_names.company_key
    left join projects on permit_links.project_id = projects.project_id
    left join accepted
        on
            permits.district_code = accepted.district_code
            and permits.permit_key = accepted.permit_key

)

select
    district_code,
    construction_permit_no,
    project_code,
    project_id,
    uscc,
    match_method,
    confidence,
    company_name,
    project_name,
    site_project_no,
    construction_planning_permit_no,
    land_planning_permit_no,
    project_category,
    contract_amount,
    permit_floor_area,
    permitted_on,
    submission_kind,
    is_withdrawn,
    withdrawn_on,
    is_accepted,
    accepted_on,
    acceptance_count,
    accepted_floor_area,
    actual_cost,
    received_on,
    source,
    file_sha256,
    sheet,
    row_number,
    acceptance_file_sha256,
    acceptance_sheet,
    acceptance_row_number
from final
