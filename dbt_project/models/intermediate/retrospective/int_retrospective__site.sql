-- What a project stands on by each day that is looked at: the parcels that serve it alone and its
-- leases in mu, and its floors (accepted ones, else permitted ones).

with

points as (

    select distinct closes_on
    from {{ ref('int_retrospective__point') }}

),

projects as (

    select
        project_id,
        district_code
    from {{ ref('fct_project_funnel') }}

),

parcels as (

    select
        project_id,
        allocated_mu,
        contract_sign_date
    from {{ ref('int_land__parcel') }}
    where
        project_id is not null
        and allocated_mu is not null

),

leases as (

    select
        project_id,
        leased_mu,
        leased_out_mu,
        counts_from,
        counts_to
    from {{ ref('int_land__lease') }}

),

project_permits as (

    select
        project_id,
        construction_permit_no,
        construction_permit_date,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_stage__permit') }}

),

permits as (

    select
        permit_floor_area,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_permit__current') }}

),

acceptances as (

    select
        district_code,
        {{ text_key("construction_permit_no") }} as permit_key,
        sum(actual_floor_area) as accepted_floor_area
    from {{ ref('int_acceptance__current') }}
    where actual_completion_date <= {{ as_of() }}
    group by all

),

owned as (

    select
        parcels.project_id,
        points.closes_on,
        sum(parcels.allocated_mu) as owned_mu
    from parcels
    inner join points on parcels.contract_sign_date <= points.closes_on
    group by parcels.project_id, points.closes_on

),

leased as (

    select
        leases.project_id,
        points.closes_on,
        sum(coalesce(leases.leased_mu, 0) - coalesce(leases.leased_out_mu, 0)) as leased_mu
    from leases
    inner join points
        on
            leases.counts_from <= points.closes_on
            and coalesce(leases.counts_to > points.closes_on, true)
    group by leases.project_id, points.closes_on

),

permit_floors as (

    select
        projects.project_id,
        project_permits.construction_permit_date,
        coalesce(acceptances.accepted_floor_area, permits.permit_floor_area) as floor_area
    from projects
    inner join project_permits on projects.project_id = project_permits.project_id
    inner join permits
        on
            project_permits.file_sha256 = permits.file_sha256
            and project_permits.sheet = permits.sheet
            and project_permits.row_number = permits.row_number
    left join acceptances
        on
            projects.district_code = acceptances.district_code
            and {{ text_key("project_permits.construction_permit_no") }} = acceptances.permit_key

),

built as (

    select
        permit_floors.project_id,
        points.closes_on,
        sum(permit_floors.floor_area) as floor_area
    from permit_floors
    inner join points on permit_floors.construction_permit_date <= points.closes_on
    group by permit_floors.project_id, points.closes_on

),

rules as (

    select {{ rule('land_rule', 'square_metres_per_mu') }} as square_metres_per_mu

),

final as (

    select
        projects.project_id,
        points.closes_on,
        cast(
            coalesce(owned.owned_mu, 0) + coalesce(leased.leased_mu, 0) as decimal(20, 4)
        ) as land_mu,
        cast(owned.owned_mu * rules.square_metres_per_mu as decimal(20, 4))
            as owned_square_metres,
        cast(built.floor_area as decimal(20, 4)) as floor_area
    from projects
    cross join points
    cross join rules
    left join owned
        on
            projects.project_id = owned.project_id
            and points.closes_on = owned.closes_on
    left join leased
        on
            projects.project_id = leased.project_id
            and points.closes_on = leased.closes_on
    left join built
        on
            projects.project_id = built.project_id
            and points.closes_on = built.closes_on

)

select
    project_id,
    closes_on,
    land_mu,
    owned_square_metres,
    floor_area
from final
