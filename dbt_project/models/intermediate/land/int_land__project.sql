-- What stands on the land: cumulative investment and permitted floor of every project at the end
-- of the window of a year.

with

years as (

    select
        year_no,
        window_end
    from {{ ref('int_land__year') }}

),

projects as (

    select
        project_id,
        district_code,
        uscc
    from {{ ref('int_project') }}

),

reports as (

    select
        project_id,
        project_code,
        stat_period,
        investment_cum
    from {{ ref('fct_investment_month') }}
    where project_id is not null

),

last_reports as (

    select
        reports.project_id,
        years.year_no,
        reports.project_code,
        arg_max(reports.investment_cum, reports.stat_period) as investment_cum
    from reports
    inner join years on reports.stat_period <= years.window_end
    group by reports.project_id, years.year_no, reports.project_code

),

invested as (

    select
        project_id,
        year_no,
        sum(investment_cum) as fixed_investment
    from last_reports
    group by project_id, year_no

),

permits as (

    select
        links.project_id,
        permits.construction_permit_date,
        permits.permit_floor_area
    from {{ ref('int_match__permit') }} as links
    inner join {{ ref('int_permit__current') }} as permits
        on
            links.district_code = permits.district_code
            and links.construction_permit_no = permits.construction_permit_no
            and links.project_code
            is not distinct from {{ project_code_key("permits.project_code") }}
    where
        links.project_id is not null
        and not permits.is_withdrawn

),

built as (

    select
        permits.project_id,
        years.year_no,
        sum(permits.permit_floor_area) as floor_area
    from permits
    inner join years on permits.construction_permit_date <= years.window_end
    group by permits.project_id, years.year_no

),

final as (

    select
        projects.project_id,
        projects.district_code,
        projects.uscc,
        years.year_no,
        cast(invested.fixed_investment as decimal(20, 4)) as fixed_investment,
        cast(built.floor_area as decimal(20, 4)) as floor_area
    from projects
    cross join years
    left join invested
        on
            projects.project_id = invested.project_id
            and years.year_no = invested.year_no
    left join built
        on
            projects.project_id = built.project_id
            and years.year_no = built.year_no
    where
        invested.fixed_investment is not null
        or built.floor_area is not null

)

select
    project_id,
    district_code,
    uscc,
    year_no,
    fixed_investment,
    floor_area
from final
