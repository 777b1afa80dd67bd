-- One row a firm and month with a reading of any of its accounts, all accounts together.

with

readings as (

    select
        district_code,
        uscc,
        stat_period,
        power_kwh,
        power_capacity_kva,
        self_generated_kwh,
        is_shared_meter
    from {{ ref('fct_power_month') }}
    where uscc is not null

),

final as (

    select
        district_code,
        uscc,
        stat_period,
        sum(power_kwh) as power_kwh,
        sum(power_capacity_kva) as power_capacity_kva,
        coalesce(bool_or(is_shared_meter), false) as is_shared_meter,
        coalesce(bool_or(self_generated_kwh > 0), false) as has_own_generation
    from readings
    group by district_code, uscc, stat_period

)

select
    district_code,
    uscc,
    stat_period,
    power_kwh,
    power_capacity_kva,
    is_shared_meter,
    has_own_generation
from final
