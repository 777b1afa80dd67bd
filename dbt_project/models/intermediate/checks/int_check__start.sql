-- When a project is said to have begun, and the documents that should have come before (checks.md:
-- recognised start, else the acceptance's, else the land register's).

with

projects as (

    select
        project_id,
        district_code,
        signing_row_no
    from {{ ref('int_check__project') }}

),

recognitions as (

    select
        projects.project_id,
        recognition.actual_date as started_on,
        recognition.recognised_date as recognised_on,
        {{ evidence_cell('recognition', 'recognition', 'actual_date') }} as cell
    from {{ ref('int_recognition__current') }} as recognition
    inner join projects
        on
            recognition.district_code = projects.district_code
            and recognition.signing_row_no = projects.signing_row_no
    where
        recognition.recognition_kind = '开工'
        and recognition.result = '通过'
        and recognition.actual_date <= {{ as_of() }}
        and recognition.recognised_date <= {{ as_of() }}

),

permits as (

    select
        project_id,
        construction_permit_no,
        permitted_on,
        contract_amount,
        permit_floor_area,
        {{ evidence_cell('permit', 'permit', 'construction_permit_date', 'permit.permitted_on') }}
            as cell
    from {{ ref('fct_permit') }} as permit
    where not is_withdrawn and project_id is not null

),

first_permits as (

    select
        project_id,
        min(permitted_on) as permitted_on,
        sum(contract_amount) as contract_amount,
        sum(permit_floor_area) as permit_floor_area,
        arg_min(cell, row(permitted_on, construction_permit_no)) as permit_cell
    from permits
    group by project_id

),

acceptances as (

    select
        permit.project_id,
        acceptance.actual_start_date as started_on,
        {{ evidence_cell('acceptance', 'acceptance', 'actual_start_date') }} as cell
    from {{ ref('int_acceptance__current') }} as acceptance
    inner join permits as permit
        on acceptance.construction_permit_no = permit.construction_permit_no
    where acceptance.actual_start_date <= {{ as_of() }}

),

lands as (

    select
        project_id,
        land_supervision_no,
        contract_signed_on,
        started_on,
        {{ evidence_cell('land', 'land', 'contract_sign_date', 'land.contract_signed_on') }}
            as contract_cell,
        {{ evidence_cell('land', 'land', 'actual_start_date', 'land.started_on') }} as start_cell
    from {{ ref('fct_land') }} as land
    where project_id is not null

),

first_lands as (

    select
        project_id,
        min(contract_signed_on) as contracted_on,
        arg_min(contract_cell, row(contract_signed_on, land_supervision_no)) as land_cell,
        min(started_on) as started_on,
        arg_min(start_cell, row(started_on, land_supervision_no)) filter (
            where started_on is not null
        ) as start_cell
    from lands
    group by project_id

),

filings as (

    select
        links.project_id,
        filing.project_code,
        filing.filing_date,
        {{ evidence_cell('filing', 'filing', 'filing_date') }} as cell
    from {{ ref('int_filing__current') }} as filing
    inner join {{ ref('int_match__project_code') }} as links
        on
            filing.district_code = links.district_code
            and {{ project_code_key("filing.project_code") }} = links.project_code
    where not filing.is_withdrawn and filing.filing_date <= {{ as_of() }}

),

first_filings as (

    select
        project_id,
        min(filing_date) as filed_on,
        arg_min(cell, row(filing_date, project_code)) as filing_cell
    from filings
    group by project_id

),

starts as (

    select
        project_id,
        1 as priority,
        min(started_on) as started_on,
        arg_min(cell, row(started_on, struct_extract(cell, 'row_number'))) as start_cell
    from recognitions
    group by project_id

    union all by name

    select
        project_id,
        2 as priority,
        min(started_on) as started_on,
        arg_min(cell, row(started_on, struct_extract(cell, 'row_number'))) as start_cell
    from acceptances
    group by project_id

    union all by name

    select
        project_id,
        3 as priority,
        started_on,
        start_cell
    from first_lands
    where started_on <= {{ as_of() }}

),

first_starts as (

    select
        project_id,
        started_on,
        start_cell
    from starts
    qualify row_number() over (partition by project_id order by priority) = 1

),

final as (

    select
        projects.project_id,
        first_starts.started_on,
        first_starts.start_cell,
        first_permits.permitted_on,
        first_permits.contract_amount as permit_contract_amount,
        first_permits.permit_floor_area,
        first_permits.permit_cell,
        first_filings.filed_on,
        first_filings.filing_cell,
        first_lands.contracted_on,
        first_lands.land_cell
    from projects
    left join first_starts on projects.project_id = first_starts.project_id
    left join first_permits on projects.project_id = first_permits.project_id
    left join first_filings on projects.project_id = first_filings.project_id
    left join first_lands on projects.project_id = first_lands.project_id

)

select
    project_id,
    started_on,
    start_cell,
    permitted_on,
    permit_contract_amount,
    permit_floor_area,
    permit_cell,
    filed_on,
    filing_cell,
    contracted_on,
    land_cell
from final
