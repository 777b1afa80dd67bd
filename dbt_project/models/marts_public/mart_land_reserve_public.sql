with

parcels as (

    select
        district_code,
        reporting_unit,
        land_area,
        planning_mu,
        acquisition_mu,
        reserve_mu,
        use_mu,
        current_stage_days,
        project_id
    from {{ ref('mart_land_reserve') }}
    where is_in_register

),

final as (

    select
        district_code,
        reporting_unit,
        cast(count(*) as integer) as parcel_count,
        cast(sum(land_area) as decimal(20, 4)) as land_area,
        cast(sum(planning_mu) as decimal(20, 4)) as planning_mu,
        cast(sum(acquisition_mu) as decimal(20, 4)) as acquisition_mu,
        cast(sum(reserve_mu) as decimal(20, 4)) as reserve_mu,
        cast(sum(use_mu) as decimal(20, 4)) as use_mu,
        cast(count(project_id) as integer) as serving_count,
        cast(quantile_disc(current_stage_days, 0.5) as integer) as median_stage_days,
        {{ as_of() }} as as_of,
        {{ known_on() }} as known_on
    from parcels
    group by district_code, reporting_unit

)

select
    district_code,
    reporting_unit,
    parcel_count,
    land_area,
    planning_mu,
    acquisition_mu,
    reserve_mu,
    use_mu,
    serving_count,
    median_stage_days,
    as_of,
    known_on
from final
