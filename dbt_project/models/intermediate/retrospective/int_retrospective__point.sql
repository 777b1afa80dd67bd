-- The spans that the retrospective and the scorecard look at, each with the day up to which stages
-- are known (evaluated_on) and the day on which stocks and 12-month flows close (closes_on).

with

days as (

    select
        date_day,
        year_no,
        plan_name
    from {{ ref('dim_date') }}
    where
        year_no >= {{ rule('retrospective_rule', 'first_plan_year') }}
        and year_no <= year({{ as_of() }})

),

plan_days as (

    select
        date_day,
        plan_name
    from {{ ref('dim_date') }}

),

years as (

    select distinct
        year_no,
        plan_name,
        make_date(year_no, 1, 1) as window_start,
        make_date(year_no, 12, 31) as window_end
    from days

),

plans as (

    select
        plan_name,
        min(date_day) as window_start,
        max(date_day) as window_end
    from plan_days
    where plan_name in (select years.plan_name from years)
    group by plan_name

),

-- The same day of every year; the last day of a month stays one, so that its month is in.
same_days as (

    select
        year_no,
        plan_name,
        window_start,
        cast({{ as_of() }} - to_years(year({{ as_of() }}) - year_no) as date) as same_day
    from years

),

months as (

    select distinct
        year_no,
        plan_name,
        last_day(date_day) as month_end
    from days
    where last_day(date_day) <= {{ as_of() }}

),

final as (

    select
        'year' as span,
        plan_name,
        year_no as plan_year,
        window_start,
        window_end,
        {{ as_of() }} as evaluated_on,
        least(window_end, {{ as_of() }}) as closes_on
    from years

    union all

    -- The years that are over as they stood when they ended.
    select
        'year_end' as span,
        plan_name,
        year_no as plan_year,
        window_start,
        window_end,
        window_end as evaluated_on,
        window_end as closes_on
    from years
    where window_end <= {{ as_of() }}

    union all

    select
        'plan' as span,
        plan_name,
        cast(null as integer) as plan_year,
        window_start,
        window_end,
        {{ as_of() }} as evaluated_on,
        least(window_end, {{ as_of() }}) as closes_on
    from plans

    union all

    select
        'same_period' as span,
        plan_name,
        year_no as plan_year,
        window_start,
        case
            when {{ as_of() }} = last_day({{ as_of() }}) then last_day(same_day)
            else same_day
        end as window_end,
        window_end as evaluated_on,
        window_end as closes_on
    from same_days

    union all

    select
        'month' as span,
        plan_name,
        year_no as plan_year,
        make_date(year_no, 1, 1) as window_start,
        month_end as window_end,
        month_end as evaluated_on,
        month_end as closes_on
    from months

)

select
    span,
    plan_name,
    plan_year,
    window_start,
    window_end,
    evaluated_on,
    closes_on
from final
