-- owned + leased - leased out, at the end of the window of the year (metrics.md, tax_per_mu).

with

years as (

    select
        year_no,
        window_start,
        window_end,
        is_full_year,
        is_latest
    from {{ ref('int_land__year') }}

),

parcels as (

    select
        district_code,
        uscc,
        contract_sign_date,
        allocated_mu
    from {{ ref('int_land__parcel') }}
    where uscc is not null

),

leases as (

    select
        district_code,
        uscc,
        evaluated_mu,
        leased_floor_area,
        leased_out_floor_area,
        leased_mu,
        leased_out_mu,
        counts_from,
        counts_to
    from {{ ref('int_land__lease') }}
    where uscc is not null

),

owned as (

    select
        parcels.district_code,
        parcels.uscc,
        years.year_no,
        count(*) filter (where parcels.allocated_mu is not null) as parcel_count,
        count(*) filter (where parcels.allocated_mu is null) as unallocated_parcel_count,
        sum(parcels.allocated_mu) as owned_mu
    from parcels
    inner join years on parcels.contract_sign_date <= years.window_end
    group by parcels.district_code, parcels.uscc, years.year_no

),

rented as (

    select
        leases.district_code,
        leases.uscc,
        years.year_no,
        sum(leases.leased_floor_area) as leased_floor_area,
        sum(leases.leased_out_floor_area) as leased_out_floor_area,
        sum(leases.leased_mu) as leased_mu,
        sum(leases.leased_out_mu) as leased_out_mu,
        sum(leases.evaluated_mu) as evaluated_mu
    from leases
    inner join years
        on
            leases.counts_from <= years.window_end
            and (leases.counts_to is null or leases.counts_to > years.window_end)
    group by leases.district_code, leases.uscc, years.year_no

),

firm_years as (

    select
        district_code,
        uscc,
        year_no
    from owned

    union distinct

    select
        district_code,
        uscc,
        year_no
    from rented

),

final as (

    select
        firm_years.district_code,
        firm_years.uscc,
        firm_years.year_no,
        years.window_start,
        years.window_end,
        years.is_full_year,
        years.is_latest,
        cast(coalesce(owned.owned_mu, 0) as decimal(20, 4)) as owned_mu,
        cast(coalesce(rented.leased_mu, 0) as decimal(20, 4)) as leased_mu,
        cast(coalesce(rented.leased_out_mu, 0) as decimal(20, 4)) as leased_out_mu,
        cast(
            coalesce(owned.owned_mu, 0)
            + coalesce(rented.leased_mu, 0)
            - coalesce(rented.leased_out_mu, 0)
            as decimal(20, 4)
        ) as area_mu,
        cast(rented.evaluated_mu as decimal(20, 4)) as evaluated_mu,
        cast(coalesce(rented.leased_floor_area, 0) as decimal(20, 4)) as leased_floor_area,
        cast(coalesce(rented.leased_out_floor_area, 0) as decimal(20, 4)) as leased_out_floor_area,
        cast(coalesce(owned.parcel_count, 0) as integer) as parcel_count,
        cast(coalesce(owned.unallocated_parcel_count, 0) as integer) as unallocated_parcel_count
    from firm_years
    inner join years on firm_years.year_no = years.year_no
    left join owned
        on
            firm_years.district_code = owned.district_code
            and firm_years.uscc = owned.uscc
            and firm_years.year_no = owned.year_no
    left join rented
        on
            firm_years.district_code = rented.district_code
            and firm_years.uscc = rented.uscc
            and firm_years.year_no = rented.year_no

)

select
    district_code,
    uscc,
    year_no,
    window_start,
    window_end,
    is_full_year,
    is_latest,
    owned_mu,
    leased_mu,
    leased_out_mu,
    area_mu,
    evaluated_mu,
    leased_floor_area,
    leased_out_floor_area,
    parcel_count,
    unallocated_parcel_count
from final
