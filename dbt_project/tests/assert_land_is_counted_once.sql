-- What firms own together is what was supplied: no supply is shared out for more than its area, and
-- the owned land of all firms is the sum of what was shared out.

with

supplies as (

    select
        district_code,
        land_supervision_no,
        sum(allocated_mu) as allocated_mu,
        case
            when bool_or(allocation_method = 'own_part') then sum(land_area)
            else max(land_area)
        end as supplied_mu
    from {{ ref('int_land__parcel') }}
    group by district_code, land_supervision_no

),

allocated as (

    select
        parcels.district_code,
        years.year_no,
        sum(parcels.allocated_mu) as mu
    from {{ ref('int_land__parcel') }} as parcels
    inner join {{ ref('int_land__year') }} as years
        on parcels.contract_sign_date <= years.window_end
    where parcels.uscc is not null
    group by parcels.district_code, years.year_no

),

owned as (

    select
        district_code,
        year_no,
        sum(owned_mu) as mu,
        count(*) as firms
    from {{ ref('int_land__area') }}
    group by district_code, year_no

),

final as (

    select
        district_code,
        land_supervision_no as what,
        allocated_mu as found,
        supplied_mu as expected
    from supplies
    where allocated_mu > supplied_mu + 0.0001

    union all

    -- Firms are rounded to the last digit.
    select
        allocated.district_code,
        'year ' || allocated.year_no as what,
        owned.mu as found,
        allocated.mu as expected
    from allocated
    left join owned
        on
            allocated.district_code = owned.district_code
            and allocated.year_no = owned.year_no
    where abs(coalesce(owned.mu, 0) - coalesce(allocated.mu, 0)) > 0.0001 * coalesce(owned.firms, 1)

)

select
    district_code,
    what,
    found,
    expected
from final
