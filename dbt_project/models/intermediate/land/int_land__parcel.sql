-- Whose land a supply result is. The holder that it names decides; where no firm bears that name,
-- the one firm of the projects that it is linked to. Land with several holders and no split is
-- nobody's, never both's (domain.md section 4).

with

lands as (

    select
        district_code,
        land_supervision_no,
        land_contract_no,
        parcel_no,
        company_name,
        {{ company_key("company_name") }} as company_key,
        land_area,
        agreed_intensity,
        agreed_far_min,
        agreed_far_max,
        contract_sign_date,
        received_on,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_land__current') }}
    where
        not is_withdrawn
        and contract_sign_date <= {{ as_of() }}

),

firm_names as (

    select
        district_code,
        company_key,
        uscc
    from {{ ref('int_firm_name') }}
    where firm_count = 1

),

project_firms as (

    select
        project_id,
        uscc
    from {{ ref('int_project') }}

),

land_projects as (

    select
        district_code,
        land_supervision_no,
        company_name,
        project_id
    from {{ ref('int_match__land') }}
    where project_id is not null

),

permit_floors as (

    select
        links.project_id,
        sum(permits.permit_floor_area) as floor_area
    from {{ ref('int_match__permit') }} as links
    inner join {{ ref('int_permit__current') }} as permits
        on
            links.district_code = permits.district_code
            and links.construction_permit_no = permits.construction_permit_no
            and links.project_code
            is not distinct from {{ project_code_key("permits.project_code") }}
    where
        links.project_id is not null
        and not permits.is_withdrawn
        and permits.construction_permit_date <= {{ as_of() }}
    group by links.project_id

),

linked_firms as (

    select
        land_projects.district_code,
        land_projects.land_supervision_no,
        land_projects.company_name,
        count(distinct project_firms.uscc) as firm_count,
        min(project_firms.uscc) as uscc,
        count(distinct land_projects.project_id) as project_count,
        min(land_projects.project_id) as first_project_id,
        sum(permit_floors.floor_area) as floor_area
    from land_projects
    left join project_firms on land_projects.project_id = project_firms.project_id
    left join permit_floors on land_projects.project_id = permit_floors.project_id
    group by
        land_projects.district_code, land_projects.land_supervision_no, land_projects.company_name

),

held as (

    select
        lands.district_code,
        lands.land_supervision_no,
        lands.land_contract_no,
        lands.parcel_no,
        lands.company_name,
        lands.land_area,
        lands.agreed_intensity,
        lands.agreed_far_min,
        lands.agreed_far_max,
        lands.contract_sign_date,
        lands.received_on,
        lands.file_sha256,
        lands.sheet,
        lands.row_number,
        coalesce(
            firm_names.uscc,
            case when linked_firms.firm_count = 1 then linked_firms.uscc end
        ) as uscc,
        firm_names.uscc is not null as is_named_holder,
        coalesce(linked_firms.project_count, 0) as project_count,
        linked_firms.first_project_id,
        linked_firms.floor_area
    from lands
    left join firm_names
        on
            lands.district_code = firm_names.district_code
            and lands.company_key = firm_names.company_key
    left join linked_firms
        on
            lands.district_code = linked_firms.district_code
            and lands.land_supervision_no = linked_firms.land_supervision_no
            and lands.company_name is not distinct from linked_firms.company_name

),

-- A renamed firm has a row under each name: the later one counts.
distinct_holders as (

    select
        district_code,
        land_supervision_no,
        land_contract_no,
        parcel_no,
        company_name,
        land_area,
        agreed_intensity,
        agreed_far_min,
        agreed_far_max,
        contract_sign_date,
        received_on,
        file_sha256,
        sheet,
        row_number,
        uscc,
        is_named_holder,
        project_count,
        first_project_id,
        floor_area
    from held
    qualify row_number() over (
        partition by district_code, land_supervision_no, coalesce(uscc, company_name)
        order by received_on desc, file_sha256 desc, sheet desc, row_number desc
    ) = 1

),

-- Holders that each state the same area share the whole; different areas are each one's own part.
shared as (

    select
        district_code,
        land_supervision_no,
        land_contract_no,
        parcel_no,
        company_name,
        land_area,
        agreed_intensity,
        agreed_far_min,
        agreed_far_max,
        contract_sign_date,
        received_on,
        file_sha256,
        sheet,
        row_number,
        uscc,
        is_named_holder,
        project_count,
        first_project_id,
        floor_area,
        count(*) over one_supply as holder_count,
        count(distinct land_area) over one_supply as area_count,
        sum(floor_area) over one_supply as all_floor_area,
        count(*) filter (where coalesce(floor_area, 0) <= 0) over one_supply as without_floor
    from distinct_holders
    window one_supply as (partition by district_code, land_supervision_no)

),

allocated as (

    select
        district_code,
        land_supervision_no,
        land_contract_no,
        parcel_no,
        company_name,
        land_area,
        agreed_intensity,
        agreed_far_min,
        agreed_far_max,
        contract_sign_date,
        received_on,
        file_sha256,
        sheet,
        row_number,
        uscc,
        project_count,
        first_project_id,
        floor_area,
        holder_count,
        all_floor_area,
        case
            when uscc is null then 'no_firm'
            when holder_count = 1 and is_named_holder then 'holder'
            when holder_count = 1 then 'linked_project'
            when area_count = holder_count then 'own_part'
            when area_count = 1 and without_floor = 0 then 'split_by_floor_area'
            else 'unallocated'
        end as allocation_method
    from shared

),

final as (

    select
        district_code,
        land_supervision_no,
        land_contract_no,
        parcel_no,
        company_name,
        uscc,
        land_area,
        cast(case allocation_method
            when 'split_by_floor_area'
                then land_area * {{ exact_ratio("floor_area", "all_floor_area") }}
            when 'unallocated' then null
            when 'no_firm' then null
            else land_area
        end as decimal(18, 6)) as allocated_mu,
        allocation_method,
        holder_count,
        project_count,
        case when project_count = 1 then first_project_id end as project_id,
        floor_area,
        agreed_intensity,
        agreed_far_min,
        agreed_far_max,
        contract_sign_date,
        received_on,
        file_sha256,
        sheet,
        row_number
    from allocated

)

select
    district_code,
    land_supervision_no,
    land_contract_no,
    parcel_no,
    company_name,
    uscc,
    land_area,
    allocated_mu,
    allocation_method,
    holder_count,
    project_count,
    project_id,
    floor_area,
    agreed_intensity,
    agreed_far_min,
    agreed_far_max,
    contract_sign_date,
    received_on,
    file_sha256,
    sheet,
    row_number
from final
