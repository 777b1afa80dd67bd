-- Which project came by which way: its channel, the event at which it was signed, the opportunity
-- that it answers, the fund that is in it.

with

projects as (

    select
        project_id,
        district_code,
        signing_row_no,
        lead_channel,
        signing_event,
        signing_date
    from {{ ref('int_project') }}
    where is_in_ledger or withdrawn_on is not null

),

events as (

    select
        district_code,
        signing_event,
        min(event_date) as event_date
    from {{ ref('int_event__current') }}
    group by district_code, signing_event

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
        opportunity_kind,
        {{ project_code_key("project_code") }} as project_code
    from {{ ref('int_scenario__current') }}
    where project_code is not null

),

funds as (

    select
        district_code,
        fund_no || coalesce(' ' || fund_name, '') as fund,
        signing_row_no
    from {{ ref('int_fund__current') }}
    where signing_row_no is not null

),

ways as (

    select
        project_id,
        district_code,
        'lead_channel' as channel_kind,
        coalesce(lead_channel, '未知') as channel_value,
        '全程' as event_phase
    from projects

    union all

    select
        project_id,
        district_code,
        'event' as channel_kind,
        signing_event as channel_value,
        '全程' as event_phase
    from projects
    where signing_event is not null

    union all

    -- Signed before the day of the event, on it, or after it.
    select
        projects.project_id,
        projects.district_code,
        'event' as channel_kind,
        projects.signing_event as channel_value,
        case
            when projects.signing_date < events.event_date then '会前对接'
            when projects.signing_date = events.event_date then '会中洽谈'
            else '会后跟踪'
        end as event_phase
    from projects
    inner join events
        on
            projects.district_code = events.district_code
            and projects.signing_event = events.signing_event
    where projects.signing_date is not null

    union all

    select distinct
        projects.project_id,
        projects.district_code,
        'scenario' as channel_kind,
        coalesce(opportunities.opportunity_kind, '未知') as channel_value,
        '全程' as event_phase
    from opportunities
    inner join code_links
        on
            opportunities.district_code = code_links.district_code
            and opportunities.project_code = code_links.project_code
    inner join projects on code_links.project_id = projects.project_id

    union all

    select distinct
        projects.project_id,
        projects.district_code,
        'fund' as channel_kind,
        funds.fund as channel_value,
        '全程' as event_phase
    from funds
    inner join projects
        on
            funds.district_code = projects.district_code
            and funds.signing_row_no = projects.signing_row_no

),

final as (

    select
        project_id,
        district_code,
        channel_kind,
        channel_value,
        event_phase
    from ways

)

select
    project_id,
    district_code,
    channel_kind,
    channel_value,
    event_phase
from final
