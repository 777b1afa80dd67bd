-- One row a firm and month, from the month before the first output report of its district to the
-- last whole month, for firms that ever reported output or whose production was recognised: what
-- it made and what it used. January has a row without an output report; February's report covers
-- both.

with

reports as (

    select
        district_code,
        uscc,
        stat_period,
        reporting_unit,
        output_value,
        operating_income,
        headcount,
        months_covered
    from {{ ref('fct_output_month') }}

),

power as (

    select
        district_code,
        uscc,
        stat_period,
        power_kwh,
        power_capacity_kva,
        is_shared_meter,
        has_own_generation
    from {{ ref('int_check__firm_power') }}

),

firms as (

    select
        district_code,
        uscc,
        reporting_unit,
        industry_division,
        industry_section,
        recognised_on
    from {{ ref('int_check__firm') }}

),

asked as (

    select
        district_code,
        uscc
    from reports

    union distinct

    select
        district_code,
        uscc
    from firms
    where recognised_on is not null

),

spans as (

    select
        district_code,
        min(stat_period) as first_period
    from reports
    group by district_code

),

months as (

    select
        spans.district_code,
        last_day(cast(series.day as date)) as stat_period
    from
        spans,
        unnest(
            generate_series(
                date_trunc('month', spans.first_period) - interval 1 month,
                cast({{ last_full_month() }} as timestamp),
                interval 1 month
            )
        ) as series (day)

),

final as (

    select
        asked.district_code,
        asked.uscc,
        months.stat_period,
        strftime(months.stat_period, '%Y-%m') as period,
        coalesce(reports.reporting_unit, firms.reporting_unit) as reporting_unit,
        firms.industry_division,
        firms.industry_section,
        firms.recognised_on,
        reports.output_value,
        reports.operating_income,
        reports.headcount,
        reports.months_covered,
        power.power_kwh,
        power.power_capacity_kva,
        coalesce(power.is_shared_meter, false) as is_shared_meter,
        coalesce(power.has_own_generation, false) as has_own_generation,
        lag(power.power_kwh) over (
            partition by asked.district_code, asked.uscc order by months.stat_period
        ) as power_kwh_before
    from asked
    inner join months on asked.district_code = months.district_code
    left join firms
        on asked.district_code = firms.district_code and asked.uscc = firms.uscc
    left join reports
        on
            asked.district_code = reports.district_code
            and asked.uscc = reports.uscc
            and months.stat_period = reports.stat_period
    left join power
        on
            asked.district_code = power.district_code
            and asked.uscc = power.uscc
            and months.stat_period = power.stat_period

)

select
    district_code,
    uscc,
    stat_period,
    period,
    reporting_unit,
    industry_division,
    industry_section,
    recognised_on,
    output_value,
    operating_income,
    headcount,
    months_covered,
    power_kwh,
    case when months_covered = 2 then power_kwh + power_kwh_before else power_kwh end
        as covered_kwh,
    power_capacity_kva,
    is_shared_meter,
    has_own_generation
from final
