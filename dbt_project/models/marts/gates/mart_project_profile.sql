with

projects as (

    select
        project_id,
        district_code,
        signing_row_no,
        project_code,
        uscc,
        project_name,
        company_name,
        reporting_unit,
        town,
        industry_code,
        industry_section,
        chain,
        size_band,
        capital_kind,
        project_kind,
        expansion_driver,
        lead_channel,
        introducer,
        signing_event,
        investor,
        is_in_ledger,
        is_leased,
        is_expansion,
        involves_land,
        has_parcel,
        register_current_stage,
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
        signed_claimed_on,
        signed_evidenced_on,
        signed_evidenced_by,
        filed_claimed_on,
        filed_evidenced_on,
        filed_evidenced_by,
        started_claimed_on,
        started_evidenced_on,
        started_evidenced_by,
        completed_claimed_on,
        completed_evidenced_on,
        completed_evidenced_by,
        produced_claimed_on,
        produced_evidenced_on,
        produced_evidenced_by,
        on_target_claimed_on,
        on_target_evidenced_on,
        on_target_evidenced_by,
        current_stage_no,
        claimed_stage_no,
        current_stage_since,
        stages
    from {{ ref('int_gate__profile_stage') }}

),

versions as (

    select
        project_id,
        valid_from
    from {{ ref('int_project__version') }}

),

first_seen as (

    select
        project_id,
        min(valid_from) as first_seen_on
    from versions
    group by project_id

),

funnel as (

    select
        project_id,
        signed_verified_on,
        filed_verified_on,
        started_verified_on,
        completed_verified_on,
        produced_verified_on,
        on_target_verified_on,
        is_held_back,
        held_back_by,
        scheduled_investment,
        investment_cum,
        has_investment_report
    from {{ ref('fct_project_funnel') }}

),

money as (

    select
        project_id,
        signed_fixed_assets,
        signed_equipment,
        applied_mu,
        planned_floor_area,
        energy_tce,
        paid_in,
        paid_works,
        paid_equipment,
        paid_land,
        last_paid_on,
        equipment_purchases,
        foreign_capital_arrived
    from {{ ref('int_gate__profile_money') }}

),

agreements as (

    select
        district_code,
        signing_row_no,
        agreed_investment,
        agreed_equipment,
        agreed_land_area,
        agreed_start_date,
        agreed_completion_date,
        agreed_production_date,
        agreed_on_target_date,
        agreed_sales,
        agreed_tax,
        agreed_tax_per_mu,
        breach,
        exit_action,
        exit_date,
        red_line,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_agreement__current') }}

),

lands as (

    select
        project_id,
        land_supervision_no,
        land_area,
        land_price
    from {{ ref('fct_land') }}
    where project_id is not null

),

leases as (

    select
        project_id,
        evaluated_mu,
        leased_floor_area,
        leased_mu,
        leased_out_mu
    from {{ ref('int_land__lease') }}
    where coalesce(counts_to > {{ as_of() }}, true)

),

firm_areas as (

    select
        district_code,
        uscc,
        area_mu
    from {{ ref('int_land__area') }}
    where is_latest

),

firm_taxes as (

    select
        district_code,
        uscc,
        tax_gross,
        tax_refund,
        tax_net,
        invoiced_sales
    from {{ ref('int_land__firm_tax') }}
    where is_latest

),

power as (

    select
        project_id,
        mean_kwh,
        kwh_12m
    from {{ ref('int_gate__growth_power') }}

),

staff as (

    select
        project_id,
        insured_month,
        insured_headcount,
        planned_headcount
    from {{ ref('int_gate__growth_staff') }}

),

milestones as (

    select
        project_id,
        milestone_count,
        open_milestone_count,
        overdue_milestone_count,
        longest_overdue_days,
        next_milestone,
        next_milestone_on,
        next_responsible_unit,
        blockers
    from {{ ref('int_gate__profile_milestone') }}

),

services as (

    select
        project_id,
        service_unit,
        is_current
    from {{ ref('int_gate__service_unit') }}

),

access_gates as (

    select
        project_id,
        verdict,
        reasons_zh
    from {{ ref('mart_access_gate') }}

),

growth as (

    select
        project_id,
        growth_state,
        reasons_zh,
        forecast_on,
        above_scale_state
    from {{ ref('mart_growth_watch') }}

),

exits as (

    select
        project_id,
        reason_count,
        reasons_zh,
        outcome
    from {{ ref('mart_exit_list') }}

),

bottlenecks as (

    select
        project_id,
        stage_no,
        bottleneck_kind,
        days_beyond_peers,
        days_beyond_agreed
    from {{ ref('mart_bottleneck') }}

),

findings as (

    select
        project_id,
        finding_count,
        effective_finding_count
    from {{ ref('int_gate__finding_count') }}

),

actions as (

    select
        project_id,
        stage_no,
        missing_zh,
        next_action_zh,
        next_action_en,
        office_zh,
        responsible_unit
    from {{ ref('int_gate__next_action') }}

),

seed_actions as (

    select
        stage_no,
        missing_zh,
        action_zh,
        action_en,
        office_zh
    from {{ ref('stage_next_action') }}
    where
        stage_no = 1
        and effective_from <= {{ as_of() }}
    qualify row_number() over (
        order by effective_from desc, missing_piece asc
    ) = 1

),

firm_projects as (

    select
        district_code,
        uscc,
        count(*) as firm_project_count
    from projects
    where uscc is not null
    group by district_code, uscc

),

owned as (

    select
        project_id,
        count(distinct land_supervision_no) as parcel_count,
        sum(land_area) as owned_mu,
        sum(land_price) as land_price
    from lands
    group by project_id

),

-- The first stage that is missing speaks for the project.
first_actions as (

    select
        project_id,
        stage_no,
        missing_zh,
        next_action_zh,
        next_action_en,
        office_zh,
        responsible_unit
    from actions
    qualify row_number() over (
        partition by project_id
        order by stage_no
    ) = 1

),

first_bottlenecks as (

    select
        project_id,
        bottleneck_kind,
        days_beyond_peers,
        days_beyond_agreed
    from bottlenecks
    qualify row_number() over (
        partition by project_id
        order by stage_no
    ) = 1

),

final as (

    select
        projects.project_id,
        projects.district_code,
        projects.signing_row_no,
        projects.project_code,
        projects.uscc,
        cast(coalesce(firm_projects.firm_project_count, 0) as integer) as firm_project_count,
        projects.project_name,
        projects.company_name,
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
        projects.industry_code,
        projects.investor,
        projects.is_in_ledger,
        coalesce(projects.is_leased, false) as is_leased,
        coalesce(projects.is_expansion, false) as is_expansion,
        projects.involves_land,
        coalesce(projects.withdrawn_on <= {{ as_of() }}, false) as is_withdrawn,
        case
            when projects.withdrawn_on <= {{ as_of() }} then projects.withdrawn_on
        end as withdrawn_on,
        first_seen.first_seen_on,
        projects.register_current_stage,
        cast(coalesce(stages.current_stage_no, 0) as integer) as current_stage_no,
        case
            when stages.current_stage_no = 1 then '签约'
            when stages.current_stage_no = 2 then '备案'
            when stages.current_stage_no = 3 then '开工'
            when stages.current_stage_no = 4 then '竣工'
            when stages.current_stage_no = 5 then '投产'
            when stages.current_stage_no = 6 then '达效'
            when stages.claimed_stage_no is not null then '未佐证'
            when first_seen.first_seen_on > {{ as_of() }} then '尚未出现'
            when projects.is_in_ledger then '在谈'
            else '未知'
        end as current_stage_zh,
        cast(coalesce(stages.claimed_stage_no, 0) as integer) as claimed_stage_no,
        stages.current_stage_since,
        cast({{ as_of() }} - stages.current_stage_since as integer) as days_in_stage,
        stages.signed_claimed_on,
        stages.signed_evidenced_on,
        stages.signed_evidenced_by,
        stages.filed_claimed_on,
        stages.filed_evidenced_on,
        stages.filed_evidenced_by,
        stages.started_claimed_on,
        stages.started_evidenced_on,
        stages.started_evidenced_by,
        stages.completed_claimed_on,
        stages.completed_evidenced_on,
        stages.completed_evidenced_by,
        stages.produced_claimed_on,
        stages.produced_evidenced_on,
        stages.produced_evidenced_by,
        stages.on_target_claimed_on,
        stages.on_target_evidenced_on,
        stages.on_target_evidenced_by,
        funnel.signed_verified_on,
        funnel.filed_verified_on,
        funnel.started_verified_on,
        funnel.completed_verified_on,
        funnel.produced_verified_on,
        funnel.on_target_verified_on,
        cast(projects.signed_investment as decimal(20, 4)) as signed_investment,
        money.signed_fixed_assets,
        money.signed_equipment,
        cast(projects.planned_investment as decimal(20, 4)) as planned_investment,
        cast(agreements.agreed_investment as decimal(20, 4)) as agreed_investment,
        cast(agreements.agreed_equipment as decimal(20, 4)) as agreed_equipment,
        funnel.investment_cum,
        funnel.has_investment_report,
        funnel.scheduled_investment,
        cast(funnel.investment_cum - funnel.scheduled_investment as decimal(20, 4)) as schedule_gap,
        {{ exact_ratio("funnel.investment_cum", "projects.planned_investment") }}
            as completion_rate,
        money.paid_in,
        money.paid_works,
        money.paid_equipment,
        money.paid_land,
        money.last_paid_on,
        money.equipment_purchases,
        money.foreign_capital_arrived,
        money.applied_mu,
        cast(agreements.agreed_land_area as decimal(20, 4)) as agreed_mu,
        cast(coalesce(owned.parcel_count, 0) as integer) as parcel_count,
        cast(owned.owned_mu as decimal(20, 4)) as owned_mu,
        cast(owned.land_price as decimal(20, 4)) as land_price,
        cast(leases.leased_floor_area as decimal(20, 4)) as leased_floor_area,
        cast(leases.leased_mu as decimal(20, 4)) as leased_mu,
        cast(leases.leased_out_mu as decimal(20, 4)) as leased_out_mu,
        cast(leases.evaluated_mu as decimal(20, 4)) as evaluated_mu,
        money.planned_floor_area,
        money.energy_tce,
        firm_areas.area_mu as firm_mu,
        firm_taxes.tax_gross as tax_gross_12m,
        firm_taxes.tax_refund as tax_refund_12m,
        firm_taxes.tax_net as tax_net_12m,
        {{ exact_ratio("firm_taxes.tax_net", "firm_areas.area_mu") }} as tax_per_mu,
        firm_taxes.invoiced_sales as sales_12m,
        power.kwh_12m,
        power.mean_kwh,
        staff.insured_month,
        staff.insured_headcount,
        staff.planned_headcount,
        coalesce(milestones.milestone_count, 0) as milestone_count,
        coalesce(milestones.open_milestone_count, 0) as open_milestone_count,
        coalesce(milestones.overdue_milestone_count, 0) as overdue_milestone_count,
        milestones.longest_overdue_days,
        milestones.next_milestone,
        milestones.next_milestone_on,
        milestones.blockers,
        services.service_unit,
        coalesce(services.is_current and services.service_unit is not null, false) as is_served,
        agreements.agreed_start_date,
        agreements.agreed_completion_date,
        agreements.agreed_production_date,
        agreements.agreed_on_target_date,
        cast(agreements.agreed_sales as decimal(20, 4)) as agreed_sales,
        cast(agreements.agreed_tax as decimal(20, 4)) as agreed_tax,
        cast(agreements.agreed_tax_per_mu as decimal(20, 4)) as agreed_tax_per_mu,
        nullif(trim(agreements.breach), '') as breach,
        case
            when coalesce(agreements.exit_date <= {{ as_of() }}, true) then agreements.exit_action
        end as exit_action,
        case when agreements.exit_date <= {{ as_of() }} then agreements.exit_date end as exit_date,
        access_gates.verdict as access_verdict,
        access_gates.reasons_zh as access_reasons_zh,
        growth.growth_state,
        growth.reasons_zh as growth_reasons_zh,
        growth.forecast_on,
        growth.above_scale_state,
        coalesce(exits.reason_count, 0) as exit_reason_count,
        exits.reasons_zh as exit_reasons_zh,
        exits.outcome as exit_outcome,
        first_bottlenecks.bottleneck_kind,
        first_bottlenecks.days_beyond_peers,
        first_bottlenecks.days_beyond_agreed,
        findings.finding_count,
        findings.effective_finding_count,
        funnel.is_held_back,
        funnel.held_back_by,
        first_actions.stage_no as next_stage_no,
        case
            when projects.withdrawn_on <= {{ as_of() }} then null
            when stages.current_stage_no is null then seed_actions.missing_zh
            else first_actions.missing_zh
        end as missing_zh,
        case
            when projects.withdrawn_on <= {{ as_of() }} then null
            when stages.current_stage_no is null then seed_actions.action_zh
            else first_actions.next_action_zh
        end as next_action_zh,
        case
            when projects.withdrawn_on <= {{ as_of() }} then null
            when stages.current_stage_no is null then seed_actions.action_en
            else first_actions.next_action_en
        end as next_action_en,
        case
            when projects.withdrawn_on <= {{ as_of() }} then null
            when stages.current_stage_no is null then seed_actions.office_zh
            else first_actions.office_zh
        end as office_zh,
        coalesce(
            first_actions.responsible_unit,
            milestones.next_responsible_unit,
            projects.reporting_unit
        ) as responsible_unit,
        stages.stages,
        agreements.file_sha256 as agreement_file_sha256,
        agreements.sheet as agreement_sheet,
        cast(agreements.row_number as bigint) as agreement_row_number,
        projects.source,
        projects.file_sha256,
        projects.sheet,
        cast(projects.row_number as bigint) as row_number,
        {{ as_of() }} as as_of,
        {{ known_on() }} as known_on
    from projects
    left join first_seen on projects.project_id = first_seen.project_id
    left join stages on projects.project_id = stages.project_id
    left join funnel on projects.project_id = funnel.project_id
    left join money on projects.project_id = money.project_id
    left join owned on projects.project_id = owned.project_id
    left join leases on projects.project_id = leases.project_id
    left join power on projects.project_id = power.project_id
    left join staff on projects.project_id = staff.project_id
    left join milestones on projects.project_id = milestones.project_id
    left join services on projects.project_id = services.project_id
    left join access_gates on projects.project_id = access_gates.project_id
    left join growth on projects.project_id = growth.project_id
    left join exits on projects.project_id = exits.project_id
    left join first_bottlenecks on projects.project_id = first_bottlenecks.project_id
    left join findings on projects.project_id = findings.project_id
    left join first_actions on projects.project_id = first_actions.project_id
    left join agreements
        on
            projects.district_code = agreements.district_code
            and projects.signing_row_no = agreements.signing_row_no
    left join firm_areas
        on
            projects.district_code = firm_areas.district_code
            and projects.uscc = firm_areas.uscc
    left join firm_taxes
        on
            projects.district_code = firm_taxes.district_code
            and projects.uscc = firm_taxes.uscc
    left join firm_projects
        on
            projects.district_code = firm_projects.district_code
            and projects.uscc = firm_projects.uscc
    -- In talks: the ledger's row has no stage yet, not even a claimed one.
    left join seed_actions
        on
            projects.is_in_ledger
            and first_seen.first_seen_on <= {{ as_of() }}
            and coalesce(stages.claimed_stage_no, 0) + 1 = seed_actions.stage_no

)

select
    project_id,
    district_code,
    signing_row_no,
    project_code,
    uscc,
    firm_project_count,
    project_name,
    company_name,
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
    industry_code,
    investor,
    is_in_ledger,
    is_leased,
    is_expansion,
    involves_land,
    is_withdrawn,
    withdrawn_on,
    first_seen_on,
    register_current_stage,
    current_stage_no,
    current_stage_zh,
    claimed_stage_no,
    current_stage_since,
    days_in_stage,
    signed_claimed_on,
    signed_evidenced_on,
    signed_evidenced_by,
    filed_claimed_on,
    filed_evidenced_on,
    filed_evidenced_by,
    started_claimed_on,
    started_evidenced_on,
    started_evidenced_by,
    completed_claimed_on,
    completed_evidenced_on,
    completed_evidenced_by,
    produced_claimed_on,
    produced_evidenced_on,
    produced_evidenced_by,
    on_target_claimed_on,
    on_target_evidenced_on,
    on_target_evidenced_by,
    signed_verified_on,
    filed_verified_on,
    started_verified_on,
    completed_verified_on,
    produced_verified_on,
    on_target_verified_on,
    signed_investment,
    signed_fixed_assets,
    signed_equipment,
    planned_investment,
    agreed_investment,
    agreed_equipment,
    investment_cum,
    has_investment_report,
    scheduled_investment,
    schedule_gap,
    completion_rate,
    paid_in,
    paid_works,
    paid_equipment,
    paid_land,
    last_paid_on,
    equipment_purchases,
    foreign_capital_arrived,
    applied_mu,
    agreed_mu,
    parcel_count,
    owned_mu,
    land_price,
    leased_floor_area,
    leased_mu,
    leased_out_mu,
    evaluated_mu,
    planned_floor_area,
    energy_tce,
    firm_mu,
    tax_gross_12m,
    tax_refund_12m,
    tax_net_12m,
    tax_per_mu,
    sales_12m,
    kwh_12m,
    mean_kwh,
    insured_month,
    insured_headcount,
    planned_headcount,
    milestone_count,
    open_milestone_count,
    overdue_milestone_count,
    longest_overdue_days,
    next_milestone,
    next_milestone_on,
    blockers,
    service_unit,
    is_served,
    agreed_start_date,
    agreed_completion_date,
    agreed_production_date,
    agreed_on_target_date,
    agreed_sales,
    agreed_tax,
    agreed_tax_per_mu,
    breach,
    exit_action,
    exit_date,
    access_verdict,
    access_reasons_zh,
    growth_state,
    growth_reasons_zh,
    forecast_on,
    above_scale_state,
    exit_reason_count,
    exit_reasons_zh,
    exit_outcome,
    bottleneck_kind,
    days_beyond_peers,
    days_beyond_agreed,
    finding_count,
    effective_finding_count,
    is_held_back,
    held_back_by,
    next_stage_no,
    missing_zh,
    next_action_zh,
    next_action_en,
    office_zh,
    responsible_unit,
    stages,
    agreement_file_sha256,
    agreement_sheet,
    agreement_row_number,
    source,
    file_sha256,
    sheet,
    row_number,
    as_of,
    known_on
from final
