-- The state of every ledger project that stood on the day on which a span closes, by reading: its
-- stages, its investment, its land.

with

projects as (

    select
        project_id,
        district_code,
        uscc,
        is_leased,
        withdrawn_on
    from {{ ref('fct_project_funnel') }}
    where is_in_ledger

),

reached as (

    select
        project_id,
        reading,
        stage,
        reached_on,
        complete_on,
        valid_from,
        valid_until
    from {{ ref('int_retrospective__reached') }}
    where stage in ('started', 'completed', 'produced')

),

invested as (

    select
        project_id,
        invested_by,
        investment_cum,
        equipment_cum,
        scheduled_investment,
        scheduled_a_day
    from {{ ref('int_retrospective__invested') }}

),

sites as (

    select
        project_id,
        closes_on,
        land_mu,
        owned_square_metres,
        floor_area
    from {{ ref('int_retrospective__site') }}

),

days as (

    select distinct closes_on
    from {{ ref('int_retrospective__point') }}

),

rules as (

    select
        cast({{ rule('retrospective_rule', 'result_min_months') }} as integer) as min_months

),

states as (

    select
        projects.project_id,
        projects.district_code,
        projects.uscc,
        projects.is_leased,
        reached.reading,
        days.closes_on,
        max(reached.reached_on) filter (where reached.stage = 'started') as started_on,
        max(reached.reached_on) filter (where reached.stage = 'completed') as completed_on,
        max(reached.reached_on) filter (where reached.stage = 'produced') as produced_on
    from projects
    inner join reached on projects.project_id = reached.project_id
    inner join days
        on
            reached.reached_on <= days.closes_on
            and reached.complete_on <= days.closes_on
            and coalesce(reached.valid_from <= days.closes_on, true)
            and coalesce(reached.valid_until > days.closes_on, true)
            and coalesce(projects.withdrawn_on > days.closes_on, true)
    group by
        projects.project_id,
        projects.district_code,
        projects.uscc,
        projects.is_leased,
        reached.reading,
        days.closes_on

),

final as (

    select
        states.project_id,
        states.district_code,
        states.uscc,
        states.reading,
        states.closes_on,
        states.started_on,
        states.completed_on,
        states.produced_on,
        -- A leased plant passes 竣工 with production.
        states.completed_on is not null
        or (states.is_leased and states.produced_on is not null) as is_completed,
        states.produced_on + to_months(rules.min_months) <= states.closes_on as is_asked,
        invested.investment_cum,
        invested.equipment_cum,
        invested.scheduled_investment,
        invested.scheduled_a_day,
        sites.land_mu,
        sites.owned_square_metres,
        sites.floor_area
    from states
    cross join rules
    inner join invested
        on
            states.project_id = invested.project_id
            and states.closes_on = invested.invested_by
    inner join sites
        on
            states.project_id = sites.project_id
            and states.closes_on = sites.closes_on

)

select
    project_id,
    district_code,
    uscc,
    reading,
    closes_on,
    started_on,
    completed_on,
    produced_on,
    is_completed,
    is_asked,
    investment_cum,
    equipment_cum,
    scheduled_investment,
    scheduled_a_day,
    land_mu,
    owned_square_metres,
    floor_area
from final
