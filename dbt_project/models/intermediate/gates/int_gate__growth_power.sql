-- The power of a project: the mean of the last complete months of its accounts against their
-- design kWh (metrics.md: capacity x 0.85 x 240 a month).

with

accounts as (

    select distinct
        project_id,
        district_code,
        key_value as power_account_no
    from {{ ref('bridge_project_key') }}
    where
        key_kind = 'power_account_no'
        and valid_to is null

),

months as (

    select
        district_code,
        power_account_no,
        stat_period,
        power_capacity_kva,
        consumed_kwh,
        is_shared_meter,
        file_sha256,
        sheet,
        row_number
    from {{ ref('fct_power_month') }}

),

rules as (

    select
        cast({{ gate_value('growth_power', 'load_factor') }} as decimal(24, 4)) as load_factor,
        cast({{ gate_value('growth_power', 'hours') }} as decimal(24, 4)) as hours,
        cast({{ gate_value('growth_power', 'months') }} as integer) as mean_months

),

linked as (

    select
        accounts.project_id,
        months.power_account_no,
        months.stat_period,
        months.power_capacity_kva,
        months.consumed_kwh,
        coalesce(months.is_shared_meter, false) as is_shared_meter,
        rules.load_factor,
        rules.hours,
        rules.mean_months
    from accounts
    inner join months
        on
            accounts.district_code = months.district_code
            and accounts.power_account_no = months.power_account_no
    cross join rules
    where
        months.stat_period <= {{ last_full_month() }}
        -- One account is in a delivery once; two names on it would count twice.
    qualify row_number() over (
        partition by accounts.project_id, months.power_account_no, months.stat_period
        order by months.file_sha256, months.sheet, months.row_number
    ) = 1

),

recent as (

    select
        project_id,
        power_account_no,
        stat_period,
        power_capacity_kva,
        consumed_kwh,
        is_shared_meter,
        load_factor,
        hours
    from linked
    where datediff('month', stat_period, {{ last_full_month() }}) < mean_months

),

account_means as (

    select
        project_id,
        power_account_no,
        bool_or(is_shared_meter) as is_shared_meter,
        max(power_capacity_kva * load_factor * hours) as design_kwh
    from recent
    group by project_id, power_account_no

),

designs as (

    select
        project_id,
        bool_or(is_shared_meter) as has_shared_meter,
        sum(design_kwh) as design_kwh
    from account_means
    group by project_id

),

means as (

    select
        project_id,
        sum(consumed_kwh) as all_kwh,
        count(distinct stat_period) as months_reported
    from recent
    group by project_id

),

years as (

    select
        project_id,
        sum(consumed_kwh) filter (
            where datediff('month', stat_period, {{ last_full_month() }}) < 12
        ) as kwh_12m
    from linked
    group by project_id

),

final as (

    select
        years.project_id,
        cast(
            {{ exact_ratio("means.all_kwh", "cast(means.months_reported as decimal(18, 6))") }}
            as decimal(20, 4)
        ) as mean_kwh,
        cast(designs.design_kwh as decimal(20, 4)) as design_kwh,
        cast(years.kwh_12m as decimal(20, 4)) as kwh_12m,
        coalesce(designs.has_shared_meter, false) as has_shared_meter
    from years
    left join designs on years.project_id = designs.project_id
    left join means on years.project_id = means.project_id

)

select
    project_id,
    mean_kwh,
    design_kwh,
    kwh_12m,
    has_shared_meter
from final
