-- Cohort form: the projects signed in the window, and how far they came by as_of in the reading.
-- What an event cost is placed on its day.

with

ways as (

    select
        project_id,
        district_code,
        channel_kind,
        channel_value,
        event_phase
    from {{ ref('int_channel__project') }}

),

efforts as (

    select
        district_code,
        channel_kind,
        channel_value,
        event_phase,
        placed_on,
        leads,
        stated_signed,
        cost,
        tasks,
        tasks_done,
        tasks_late
    from {{ ref('int_channel__effort') }}

),

snapshots as (

    select
        project_id,
        signed_claimed_on,
        signed_evidenced_on,
        filed_claimed_on,
        filed_evidenced_on,
        started_claimed_on,
        started_evidenced_on,
        produced_claimed_on,
        produced_evidenced_on,
        signed_verified_on,
        filed_verified_on,
        started_verified_on,
        produced_verified_on,
        withdrawn_on,
        signed_investment,
        investment_cum
    from {{ ref('fct_project_funnel') }}

),

readings as (

    select
        project_id,
        'claimed' as reading,
        signed_claimed_on as signed_on,
        filed_claimed_on as filed_on,
        started_claimed_on as started_on,
        produced_claimed_on as produced_on,
        withdrawn_on,
        signed_investment,
        investment_cum
    from snapshots

    union all

    select
        project_id,
        'evidenced' as reading,
        signed_evidenced_on as signed_on,
        filed_evidenced_on as filed_on,
        started_evidenced_on as started_on,
        produced_evidenced_on as produced_on,
        withdrawn_on,
        signed_investment,
        investment_cum
    from snapshots

    union all

    select
        project_id,
        'verified' as reading,
        signed_verified_on as signed_on,
        filed_verified_on as filed_on,
        started_verified_on as started_on,
        produced_verified_on as produced_on,
        withdrawn_on,
        signed_investment,
        investment_cum
    from snapshots

),

plans as (

    select
        spans.window_start,
        spans.window_end
    from (
        values
        (date '2021-01-01', date '2025-12-31'),
        (date '2026-01-01', date '2030-12-31')
    ) as spans (window_start, window_end)

),

years as (

    select distinct cast(date_trunc('year', placed_on) as date) as window_start
    from (
        select signed_on as placed_on
        from readings
        union all
        select placed_on
        from efforts
    ) as placed
    where placed_on is not null

),

windows as (

    select
        'year' as window_kind,
        window_start,
        make_date(year(window_start), 12, 31) as window_end
    from years

    union all

    select
        'plan' as window_kind,
        window_start,
        window_end
    from plans
    where window_start <= {{ as_of() }}

    union all

    -- `all` is bounded as in mart_funnel, and holds what has no date as well.
    select
        'all' as window_kind,
        date '1990-01-01' as window_start,
        {{ as_of() }} as window_end

),

came as (

    select
        ways.district_code,
        ways.channel_kind,
        ways.channel_value,
        ways.event_phase,
        windows.window_kind,
        windows.window_start,
        windows.window_end,
        readings.reading,
        count(*) filter (where readings.withdrawn_on is null) as signed_count,
        count(*) filter (
            where readings.withdrawn_on is null and readings.filed_on is not null
        ) as filed_count,
        count(*) filter (
            where readings.withdrawn_on is null and readings.started_on is not null
        ) as started_count,
        count(*) filter (
            where readings.withdrawn_on is null and readings.produced_on is not null
        ) as producing_count,
        count(*) filter (where readings.withdrawn_on is not null) as withdrawn_count,
        sum(readings.signed_investment) filter (where readings.withdrawn_on is null)
            as signed_investment,
        sum(readings.investment_cum) filter (where readings.withdrawn_on is null) as investment_cum
    from ways
    inner join readings on ways.project_id = readings.project_id
    inner join windows
        on readings.signed_on between windows.window_start and windows.window_end
    group by all

),

spent as (

    select
        efforts.district_code,
        efforts.channel_kind,
        efforts.channel_value,
        efforts.event_phase,
        windows.window_kind,
        windows.window_start,
        windows.window_end,
        sum(efforts.leads) as leads,
        sum(efforts.stated_signed) as stated_signed,
        sum(efforts.cost) as cost,
        sum(efforts.tasks) as tasks,
        sum(efforts.tasks_done) as tasks_done,
        sum(efforts.tasks_late) as tasks_late
    from efforts
    inner join windows
        on
            efforts.placed_on between windows.window_start and windows.window_end
            or (efforts.placed_on is null and windows.window_kind = 'all')
    group by all

),

cells as (

    select
        district_code,
        channel_kind,
        channel_value,
        event_phase,
        window_kind,
        window_start,
        window_end
    from came

    union distinct

    select
        district_code,
        channel_kind,
        channel_value,
        event_phase,
        window_kind,
        window_start,
        window_end
    from spent

),

grid as (

    select
        cells.district_code,
        cells.channel_kind,
        cells.channel_value,
        cells.event_phase,
        cells.window_kind,
        cells.window_start,
        cells.window_end,
        kinds.reading
    from cells
    cross join (values ('claimed'), ('evidenced'), ('verified')) as kinds (reading)

),

final as (

    select
        grid.district_code,
        grid.channel_kind,
        grid.channel_value,
        grid.event_phase,
        grid.window_kind,
        grid.window_start,
        grid.window_end,
        grid.reading,
        cast(spent.leads as decimal(20, 4)) as leads,
        cast(spent.stated_signed as decimal(20, 4)) as stated_signed,
        cast(coalesce(came.signed_count, 0) as integer) as signed_count,
        cast(coalesce(came.filed_count, 0) as integer) as filed_count,
        cast(coalesce(came.started_count, 0) as integer) as started_count,
        cast(coalesce(came.producing_count, 0) as integer) as producing_count,
        cast(coalesce(came.withdrawn_count, 0) as integer) as withdrawn_count,
        cast(coalesce(came.signed_investment, 0) as decimal(20, 4)) as signed_investment,
        cast(coalesce(came.investment_cum, 0) as decimal(20, 4)) as investment_cum,
        case grid.channel_kind
            when 'event' then '活动费用'
            when 'scenario' then '机会预算'
            when 'fund' then '基金已投'
        end as cost_kind,
        cast(spent.cost as decimal(20, 4)) as cost,
        {{ exact_ratio("spent.cost", "came.signed_count") }} as cost_per_signed,
        {{ exact_ratio("spent.cost", "came.started_count") }} as cost_per_started,
        {{ exact_ratio("spent.cost", "came.producing_count") }} as cost_per_producing,
        cast(spent.tasks as integer) as tasks,
        cast(spent.tasks_done as integer) as tasks_done,
        cast(spent.tasks_late as integer) as tasks_late,
        {{ as_of() }} as as_of,
        {{ known_on() }} as known_on
    from grid
    left join came
        on
            grid.district_code = came.district_code
            and grid.channel_kind = came.channel_kind
            and grid.channel_value = came.channel_value
            and grid.event_phase = came.event_phase
            and grid.window_kind = came.window_kind
            and grid.window_start = came.window_start
            and grid.reading = came.reading
    left join spent
        on
            grid.district_code = spent.district_code
            and grid.channel_kind = spent.channel_kind
            and grid.channel_value = spent.channel_value
            and grid.event_phase = spent.event_phase
            and grid.window_kind = spent.window_kind
            and grid.window_start = spent.window_start

)

select
    district_code,
    channel_kind,
    channel_value,
    event_phase,
    window_kind,
    window_start,
    window_end,
    reading,
    leads,
    stated_signed,
    signed_count,
    filed_count,
    started_count,
    producing_count,
    withdrawn_count,
    signed_investment,
    investment_cum,
    cost_kind,
    cost,
    cost_per_signed,
    cost_per_started,
    cost_per_producing,
    tasks,
    tasks_done,
    tasks_late,
    as_of,
    known_on
from final
