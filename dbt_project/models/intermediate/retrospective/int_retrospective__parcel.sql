-- The parcels of a project (linked land contracts), with the day of the contract.

with

projects as (

    select
        project_id,
        district_code,
        uscc
    from {{ ref('fct_project_funnel') }}

),

links as (

    select
        project_id,
        key_value
    from {{ ref('bridge_project_key') }}
    where
        key_kind = 'land_supervision_no'
        and valid_to is null

),

lands as (

    select
        district_code,
        land_supervision_no,
        land_area,
        contract_sign_date
    from {{ ref('int_land__current') }}
    where contract_sign_date <= {{ as_of() }}

),

-- A supervision number under two holders is two rows of one parcel.
parcels as (

    select
        district_code,
        land_supervision_no,
        max(land_area) as land_area,
        min(contract_sign_date) as contracted_on
    from lands
    group by district_code, land_supervision_no

),

final as (

    select
        projects.project_id,
        projects.district_code,
        projects.uscc,
        parcels.land_supervision_no,
        parcels.land_area as land_area_mu,
        parcels.contracted_on
    from projects
    inner join links on projects.project_id = links.project_id
    inner join parcels
        on
            projects.district_code = parcels.district_code
            and links.key_value = parcels.land_supervision_no

)

select
    project_id,
    district_code,
    uscc,
    land_supervision_no,
    land_area_mu,
    contracted_on
from final
