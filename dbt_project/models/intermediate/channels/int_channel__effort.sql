-- What went into a channel, event, scenario or fund, whether or not a project came of it: leads,
-- tasks and money. An effort without a date is counted over all time only.

with

projects as (

    select
        project_id,
        district_code,
        signing_row_no,
        lead_channel,
        signing_date
    from {{ ref('int_project') }}
    where is_in_ledger or withdrawn_on is not null

),

event_rows as (

    select
        district_code,
        event_no,
        signing_event,
        event_date,
        coalesce(event_phase, '未知') as event_phase,
        cost,
        project_leads,
        signed_count,
        due_date,
        case when done_date <= {{ as_of() }} then done_date end as done_date
    from {{ ref('int_event__current') }}
    where
        signing_event is not null
        and event_date <= {{ as_of() }}

),

-- Leads and signings are the event's, repeated on its rows. So is the cost where all rows that
-- state one state the same; otherwise every row states its own.
event_totals as (

    select
        district_code,
        event_no,
        signing_event,
        min(event_date) as event_date,
        max(project_leads) as leads,
        max(signed_count) as stated_signed,
        case when count(distinct cost) > 1 then sum(cost) else max(cost) end as cost,
        count(distinct cost) > 1 as is_cost_by_row,
        count(*) as tasks,
        count(done_date) as tasks_done,
        count(*) filter (
            where due_date <= {{ as_of() }} and coalesce(done_date > due_date, true)
        ) as tasks_late
    from event_rows
    group by district_code, event_no, signing_event

),

event_phases as (

    select
        event_rows.district_code,
        event_rows.signing_event,
        event_rows.event_phase,
        event_totals.event_date,
        case when event_totals.is_cost_by_row then sum(event_rows.cost) end as cost,
        count(*) as tasks,
        count(event_rows.done_date) as tasks_done,
        count(*) filter (
            where
            event_rows.due_date <= {{ as_of() }}
            and coalesce(event_rows.done_date > event_rows.due_date, true)
        ) as tasks_late
    from event_rows
    inner join event_totals
        on
            event_rows.district_code = event_totals.district_code
            and event_rows.event_no = event_totals.event_no
            and event_rows.signing_event = event_totals.signing_event
    group by
        event_rows.district_code,
        event_rows.event_no,
        event_rows.signing_event,
        event_rows.event_phase,
        event_totals.event_date,
        event_totals.is_cost_by_row

),

code_links as (

    select
        district_code,
        project_code,
        project_id
    from {{ ref('int_match__project_code') }}

),

opportunities as (

    select
        district_code,
        opportunity_no,
        coalesce(opportunity_kind, '未知') as opportunity_kind,
        budget,
        matched_partner,
        {{ project_code_key("project_code") }} as project_code
    from {{ ref('int_scenario__current') }}

),

funds as (

    select
        district_code,
        fund_no || coalesce(' ' || fund_name, '') as fund,
        signing_row_no,
        case when coalesce(invested_date, {{ as_of() }}) <= {{ as_of() }} then invested end as drawn
    from {{ ref('int_fund__current') }}
    where signing_row_no is not null

),

efforts as (

    select
        projects.district_code,
        'lead_channel' as channel_kind,
        coalesce(projects.lead_channel, '未知') as channel_value,
        '全程' as event_phase,
        projects.signing_date as placed_on,
        cast(1 as decimal(20, 4)) as leads,
        cast(null as decimal(20, 4)) as stated_signed,
        cast(null as decimal(20, 4)) as cost,
        cast(null as bigint) as tasks,
        cast(null as bigint) as tasks_done,
        cast(null as bigint) as tasks_late
    from projects

    union all

    select
        district_code,
        'event' as channel_kind,
        signing_event as channel_value,
        '全程' as event_phase,
        event_date as placed_on,
        leads,
        stated_signed,
        cost,
        tasks,
        tasks_done,
        tasks_late
    from event_totals

    union all

    select
        district_code,
        'event' as channel_kind,
        signing_event as channel_value,
        event_phase,
        event_date as placed_on,
        null as leads,
        null as stated_signed,
        cost,
        tasks,
        tasks_done,
        tasks_late
    from event_phases

    union all

    select
        opportunities.district_code,
        'scenario' as channel_kind,
        opportunities.opportunity_kind as channel_value,
        '全程' as event_phase,
        projects.signing_date as placed_on,
        1 as leads,
        null as stated_signed,
        opportunities.budget as cost,
        1 as tasks,
        count(opportunities.matched_partner) as tasks_done,
        null as tasks_late
    from opportunities
    left join code_links
        on
            opportunities.district_code = code_links.district_code
            and opportunities.project_code = code_links.project_code
    left join projects on code_links.project_id = projects.project_id
    group by
        opportunities.district_code,
        opportunities.opportunity_no,
        opportunities.opportunity_kind,
        projects.signing_date,
        opportunities.budget

    union all

    select
        funds.district_code,
        'fund' as channel_kind,
        funds.fund as channel_value,
        '全程' as event_phase,
        projects.signing_date as placed_on,
        1 as leads,
        null as stated_signed,
        funds.drawn as cost,
        null as tasks,
        null as tasks_done,
        null as tasks_late
    from funds
    left join projects
        on
            funds.district_code = projects.district_code
            and funds.signing_row_no = projects.signing_row_no

),

final as (

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
    from efforts
    where coalesce(placed_on, {{ as_of() }}) <= {{ as_of() }}

)

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
from final
