-- Counts of projects and investment are public, and so is what events and funds cost.

with

final as (

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
    from {{ ref('mart_lead_channel') }}

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
