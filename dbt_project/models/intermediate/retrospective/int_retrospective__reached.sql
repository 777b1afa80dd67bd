-- Every stage date of a project in every reading that the stages carry, and the stages that only
-- the retrospective asks for. A date that was taken back since (a revoked recognition, a withdrawn
-- filing) is there until that day, so that an earlier day finds it.

with

projects as (

    select
        project_id,
        district_code,
        coalesce(is_held_back, false) as is_held_back
    from {{ ref('fct_project_funnel') }}

),

events as (

    select
        project_id,
        reading,
        stage_no,
        event_date,
        complete_on
    from {{ ref('fct_stage_event') }}
    where event_kind = 'reached'

),

revocations as (

    select
        project_id,
        reading,
        stage_no,
        event_date,
        complete_on,
        withdrawn_on
    from {{ ref('int_stage__reached') }}
    where
        not stands
        and withdrawn_on is not null

),

stage_names as (

    select
        names.stage_no,
        names.stage
    from (
        values
        (1, 'signed'),
        (2, 'filed'),
        (3, 'started'),
        (4, 'completed'),
        (5, 'produced'),
        (6, 'on_target')
    ) as names (stage_no, stage)

),

readings as (

    select unnest(['claimed', 'evidenced', 'verified']) as reading

),

-- Verified is evidenced without the projects that the checks hold back today, on whatever day it is
-- looked at: what cannot be true now could not be true then.
in_readings as (

    select
        projects.project_id,
        readings.reading,
        case readings.reading when 'verified' then 'evidenced' else readings.reading end
            as read_as
    from projects
    cross join readings
    where not (readings.reading = 'verified' and projects.is_held_back)

),

links as (

    select
        project_id,
        key_value
    from {{ ref('bridge_project_key') }}
    where
        key_kind = 'land_supervision_no'
        and valid_to is null

),

lands as (

    select
        district_code,
        land_supervision_no,
        contract_sign_date
    from {{ ref('int_land__current') }}
    where contract_sign_date <= {{ as_of() }}

),

permits as (

    select
        project_id,
        construction_permit_date
    from {{ ref('int_stage__permit') }}

),

days as (

    select
        date_day,
        working_day_no
    from {{ ref('dim_date') }}

),

dated as (

    select
        events.project_id,
        in_readings.reading,
        stage_names.stage,
        max(events.event_date) as reached_on,
        max(events.complete_on) as complete_on,
        cast(null as date) as valid_until
    from events
    inner join stage_names on events.stage_no = stage_names.stage_no
    inner join in_readings
        on
            events.project_id = in_readings.project_id
            and events.reading = in_readings.read_as
    group by events.project_id, in_readings.reading, stage_names.stage

    union all

    select
        revocations.project_id,
        in_readings.reading,
        stage_names.stage,
        revocations.event_date as reached_on,
        revocations.complete_on,
        revocations.withdrawn_on as valid_until
    from revocations
    inner join stage_names on revocations.stage_no = stage_names.stage_no
    inner join in_readings
        on
            revocations.project_id = in_readings.project_id
            and revocations.reading = in_readings.read_as

),

-- On any day the earliest date that stood then: a later one takes over when the earlier one falls.
ordered as (

    select
        project_id,
        reading,
        stage,
        reached_on,
        complete_on,
        valid_until,
        max(coalesce(valid_until, date '9999-12-31')) over (
            partition by project_id, reading, stage
            order by reached_on, coalesce(valid_until, date '9999-12-31') desc, complete_on
            rows between unbounded preceding and 1 preceding
        ) as valid_from
    from dated

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
    from ordered
    where
        valid_from is null
        or coalesce(valid_until, date '9999-12-31') > valid_from

),

same_year_starts as (

    select
        starts.project_id,
        starts.reading,
        'started_in_signing_year' as stage,
        starts.reached_on,
        starts.complete_on,
        starts.valid_from,
        starts.valid_until
    from reached as starts
    inner join reached as signings
        on
            starts.project_id = signings.project_id
            and starts.reading = signings.reading
    where
        starts.stage = 'started'
        and signings.stage = 'signed'
        and signings.valid_until is null
        and year(starts.reached_on) = year(signings.reached_on)

),

prompt_productions as (

    select
        productions.project_id,
        productions.reading,
        'produced_on_completion' as stage,
        productions.reached_on,
        productions.complete_on,
        productions.valid_from,
        productions.valid_until
    from reached as productions
    inner join reached as completions
        on
            productions.project_id = completions.project_id
            and productions.reading = completions.reading
    where
        productions.stage = 'produced'
        and completions.stage = 'completed'
        and completions.valid_until is null
        and productions.reached_on - completions.reached_on
        <= {{ rule('retrospective_rule', 'production_on_completion_days') }}

),

first_contracts as (

    select
        projects.project_id,
        min(lands.contract_sign_date) as contracted_on
    from projects
    inner join links on projects.project_id = links.project_id
    inner join lands
        on
            projects.district_code = lands.district_code
            and links.key_value = lands.land_supervision_no
    group by projects.project_id

),

first_permits as (

    select
        project_id,
        min(construction_permit_date) as permitted_on
    from permits
    group by project_id

),

-- Working days by the calendar of the State Council's notices; a contract signed on a day off
-- counts from the last working day before it.
prompt_permits as (

    select
        first_contracts.project_id,
        first_permits.permitted_on
    from first_contracts
    inner join first_permits on first_contracts.project_id = first_permits.project_id
    inner join days as contract_days on first_contracts.contracted_on = contract_days.date_day
    inner join days as permit_days on first_permits.permitted_on = permit_days.date_day
    where
        permit_days.working_day_no - contract_days.working_day_no
        <= {{ rule('retrospective_rule', 'start_on_land_working_days') }}

),

final as (

    select
        project_id,
        reading,
        stage,
        reached_on,
        complete_on,
        valid_from,
        valid_until
    from reached

    union all

    select
        project_id,
        reading,
        stage,
        reached_on,
        complete_on,
        valid_from,
        valid_until
    from same_year_starts

    union all

    select
        project_id,
        reading,
        stage,
        reached_on,
        complete_on,
        valid_from,
        valid_until
    from prompt_productions

    union all

    -- Documents alone say these, so claimed and evidenced agree.
    select
        first_contracts.project_id,
        in_readings.reading,
        'land_contract' as stage,
        first_contracts.contracted_on as reached_on,
        first_contracts.contracted_on as complete_on,
        cast(null as date) as valid_from,
        cast(null as date) as valid_until
    from first_contracts
    inner join in_readings on first_contracts.project_id = in_readings.project_id

    union all

    select
        prompt_permits.project_id,
        in_readings.reading,
        'permitted_on_land' as stage,
        prompt_permits.permitted_on as reached_on,
        prompt_permits.permitted_on as complete_on,
        cast(null as date) as valid_from,
        cast(null as date) as valid_until
    from prompt_permits
    inner join in_readings on prompt_permits.project_id = in_readings.project_id

)

select
    project_id,
    reading,
    stage,
    reached_on,
    complete_on,
    valid_from,
    valid_until
from final
