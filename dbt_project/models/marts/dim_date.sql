with

holidays as (

    select
        holiday_date,
        holiday_name,
        is_off_day
    from {{ ref('holiday') }}

),

-- The years for which the State Council's notices are known.
known_years as (

    select
        min(extract(year from holiday_date)) as first_year,
        max(extract(year from holiday_date)) as last_year
    from holidays

),

days as (

    select
        cast(unnest(generate_series(date '2016-01-01', date '2035-12-31', interval 1 day)) as date)
            as date_day

),

described as (

    select
        days.date_day,
        cast(extract(year from days.date_day) as integer) as year_no,
        cast(extract(quarter from days.date_day) as integer) as quarter_no,
        cast(extract(month from days.date_day) as integer) as month_no,
        cast(extract(isodow from days.date_day) as integer) as weekday_no,
        holidays.holiday_name,
        coalesce(holidays.is_off_day, false) as is_holiday,
        -- Weekends are off, and so are holidays; a make-up day is a working day (domain.md section
        -- 2).
        coalesce(not holidays.is_off_day, extract(isodow from days.date_day) <= 5)
            as is_working_day,
        extract(year from days.date_day) between known_years.first_year and known_years.last_year
            as is_calendar_known
    from days
    left join holidays on days.date_day = holidays.holiday_date
    cross join known_years

),

final as (

    select
        date_day,
        year_no,
        quarter_no,
        month_no,
        cast(date_trunc('month', date_day) as date) as month_start,
        last_day(date_day) as month_end,
        strftime(date_day, '%Y-%m') as month_label,
        year_no || 'Q' || quarter_no as quarter_label,
        weekday_no,
        holiday_name,
        is_holiday,
        is_working_day,
        is_calendar_known,
        -- The difference of two days' numbers is the number of working days between them.
        cast(sum(case when is_working_day then 1 else 0 end) over (
            order by date_day rows between unbounded preceding and current row
        ) as integer) as working_day_no,
        case
            when year_no <= 2020 then '十三五'
            when year_no <= 2025 then '十四五'
            when year_no <= 2030 then '十五五'
            else '十六五'
        end as plan_name,
        cast((year_no - 2016) % 5 + 1 as integer) as plan_year_no
    from described

)

select
    date_day,
    year_no,
    quarter_no,
    month_no,
    month_start,
    month_end,
    month_label,
    quarter_label,
    weekday_no,
    holiday_name,
    is_holiday,
    is_working_day,
    is_calendar_known,
    working_day_no,
    plan_name,
    plan_year_no
from final
