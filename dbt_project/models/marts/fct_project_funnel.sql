with

projects as (

    select
        project_id,
        district_code,
        signing_row_no,
        project_code,
        uscc,
        reporting_unit,
        town,
        industry_section,
        chain,
        size_band,
        capital_kind,
        project_kind,
        expansion_driver,
        lead_channel,
        introducer,
        signing_event,
        is_leased,
        is_expansion,
        signed_investment,
        planned_investment,
        withdrawn_on,
        source,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_project') }}

),

stages as (

    select
        project_id,
        stage_no,
        reading,
        event_date,
        complete_on
    from {{ ref('int_stage__reached') }}
    where stands

),

gross_on_targets as (

    select
        project_id,
        on_target_on
    from {{ ref('int_stage__on_target') }}
    where variant = 'gross'

),

investments as (

    select
        project_id,
        investment_added
    from {{ ref('int_funnel__investment') }}

),

schedules as (

    select
        project_id,
        scheduled_investment
    from {{ ref('int_funnel__schedule') }}

),

-- What the checks hold back is out as a whole, whatever its stages.
held_back as (

    select
        project_id,
        list(finding_id order by check_id, finding_id) as held_back_by
    from {{ ref('int_check__held_back') }}
    group by project_id

),

stage_dates as (

    select
        project_id,
        max(event_date) filter (where stage_no = 1 and reading = 'claimed')
            as signed_claimed_on,
        max(event_date) filter (where stage_no = 2 and reading = 'claimed')
            as filed_claimed_on,
        max(event_date) filter (where stage_no = 3 and reading = 'claimed')
            as started_claimed_on,
        max(event_date) filter (where stage_no = 4 and reading = 'claimed')
            as completed_claimed_on,
        max(event_date) filter (where stage_no = 5 and reading = 'claimed')
            as produced_claimed_on,
        max(event_date) filter (where stage_no = 6 and reading = 'claimed')
            as on_target_claimed_on,
        max(event_date) filter (where stage_no = 1 and reading = 'evidenced')
            as signed_evidenced_on,
        max(event_date) filter (where stage_no = 2 and reading = 'evidenced')
            as filed_evidenced_on,
        max(event_date) filter (where stage_no = 3 and reading = 'evidenced')
            as started_evidenced_on,
        max(event_date) filter (where stage_no = 4 and reading = 'evidenced')
            as completed_evidenced_on,
        max(event_date) filter (where stage_no = 5 and reading = 'evidenced')
            as produced_evidenced_on,
        max(event_date) filter (where stage_no = 6 and reading = 'evidenced')
            as on_target_evidenced_on,
        max(complete_on) filter (where stage_no = 5 and reading = 'evidenced')
            as produced_evidenced_complete_on
    from stages
    group by project_id

),

cumulative_investments as (

    select
        project_id,
        sum(investment_added) as investment_cum
    from investments
    group by project_id

),

final as (

    select
        projects.project_id,
        projects.district_code,
        projects.signing_row_no,
        projects.project_code,
        projects.uscc,
        projects.signing_row_no is not null as is_in_ledger,
        coalesce(projects.reporting_unit, '未知') as reporting_unit,
        coalesce(projects.town, '未知') as town,
        coalesce(projects.industry_section, '未知') as industry_section,
        coalesce(projects.chain, '未知') as chain,
        coalesce(projects.size_band, '未知') as size_band,
        coalesce(projects.capital_kind, '未知') as capital_kind,
        coalesce(projects.project_kind, '未知') as project_kind,
        coalesce(projects.expansion_driver, '未知') as expansion_driver,
        coalesce(projects.lead_channel, '未知') as lead_channel,
        coalesce(projects.introducer, '未知') as introducer,
        coalesce(projects.signing_event, '未知') as signing_event,
        coalesce(projects.is_leased, false) as is_leased,
        coalesce(projects.is_expansion, false) as is_expansion,
        stage_dates.signed_claimed_on,
        stage_dates.signed_evidenced_on,
        stage_dates.filed_claimed_on,
        stage_dates.filed_evidenced_on,
        stage_dates.started_claimed_on,
        stage_dates.started_evidenced_on,
        stage_dates.completed_claimed_on,
        stage_dates.completed_evidenced_on,
        stage_dates.produced_claimed_on,
        stage_dates.produced_evidenced_on,
        stage_dates.on_target_claimed_on,
        stage_dates.on_target_evidenced_on,
        stage_dates.produced_evidenced_complete_on,
        gross_on_targets.on_target_on as on_target_gross_evidenced_on,
        case when held_back.project_id is null then stage_dates.signed_evidenced_on end
            as signed_verified_on,
        case when held_back.project_id is null then stage_dates.filed_evidenced_on end
            as filed_verified_on,
        case when held_back.project_id is null then stage_dates.started_evidenced_on end
            as started_verified_on,
        case when held_back.project_id is null then stage_dates.completed_evidenced_on end
            as completed_verified_on,
        case when held_back.project_id is null then stage_dates.produced_evidenced_on end
            as produced_verified_on,
        case when held_back.project_id is null then stage_dates.on_target_evidenced_on end
            as on_target_verified_on,
        held_back.project_id is not null as is_held_back,
        coalesce(held_back.held_back_by, []) as held_back_by,
        case
            when projects.withdrawn_on <= {{ as_of() }} then projects.withdrawn_on
        end as withdrawn_on,
        cast(projects.signed_investment as decimal(20, 4)) as signed_investment,
        cast(projects.planned_investment as decimal(20, 4)) as planned_investment,
        cast(schedules.scheduled_investment as decimal(20, 4)) as scheduled_investment,
        cast(
            coalesce(cumulative_investments.investment_cum, 0) as decimal(20, 4)
        ) as investment_cum,
        cumulative_investments.project_id is not null as has_investment_report,
        projects.source,
        projects.file_sha256,
        projects.sheet,
        cast(projects.row_number as bigint) as row_number
    from projects
    left join stage_dates on projects.project_id = stage_dates.project_id
    left join held_back on projects.project_id = held_back.project_id
    left join gross_on_targets on projects.project_id = gross_on_targets.project_id
    left join schedules on projects.project_id = schedules.project_id
    left join cumulative_investments on projects.project_id = cumulative_investments.project_id

)

select
    project_id,
    district_code,
    signing_row_no,
    project_code,
    uscc,
    is_in_ledger,
    reporting_unit,
    town,
    industry_section,
    chain,
    size_band,
    capital_kind,
    project_kind,
    expansion_driver,
    lead_channel,
    introducer,
    signing_event,
    is_leased,
    is_expansion,
    signed_claimed_on,
    signed_evidenced_on,
    filed_claimed_on,
    filed_evidenced_on,
    started_claimed_on,
    started_evidenced_on,
    completed_claimed_on,
    completed_evidenced_on,
    produced_claimed_on,
    produced_evidenced_on,
    on_target_claimed_on,
    on_target_evidenced_on,
    produced_evidenced_complete_on,
    on_target_gross_evidenced_on,
    signed_verified_on,
    filed_verified_on,
    started_verified_on,
    completed_verified_on,
    produced_verified_on,
    on_target_verified_on,
    is_held_back,
    held_back_by,
    withdrawn_on,
    signed_investment,
    planned_investment,
    scheduled_investment,
    investment_cum,
    has_investment_report,
    source,
    file_sha256,
    sheet,
    row_number
from final
