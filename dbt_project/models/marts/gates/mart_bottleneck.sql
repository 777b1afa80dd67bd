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
        industry_section,
        size_band,
        is_in_ledger,
        is_leased,
        register_current_stage
    from {{ ref('int_project') }}

),

waits as (

    select
        project_id,
        stage_no,
        waiting_since,
        days_waiting,
        claimed_on,
        agreed_on,
        agreed_source,
        days_beyond_agreed,
        peer_group,
        peer_count,
        peer_median_days,
        days_beyond_peers,
        missing_piece,
        source,
        file_sha256,
        sheet,
        row_number,
        agreed_file_sha256,
        agreed_sheet,
        agreed_row_number
    from {{ ref('int_gate__awaited_stage') }}
    where is_stuck

),

actions as (

    select
        project_id,
        stage_no,
        missing_zh,
        missing_en,
        next_action_zh,
        next_action_en,
        office_zh,
        responsible_unit,
        lead_role,
        blockers
    from {{ ref('int_gate__next_action') }}

),

funnel as (

    select
        project_id,
        signed_investment,
        planned_investment,
        scheduled_investment,
        investment_cum
    from {{ ref('fct_project_funnel') }}

),

money as (

    select
        project_id,
        source,
        file_sha256,
        sheet,
        row_number,
        column_name,
        value
    from {{ ref('int_gate__money_figure') }}

),

milestones as (

    select
        project_id,
        milestone,
        blocker,
        file_sha256,
        sheet,
        row_number
    from {{ ref('fct_milestone') }}
    where
        project_id is not null
        and not is_done
        and blocker is not null

),

milestone_stages as (

    select
        milestone,
        stage_no
    from {{ ref('stage_milestone') }}
    where effective_from <= {{ as_of() }}
    qualify row_number() over (
        partition by milestone
        order by effective_from desc
    ) = 1

),

figures as (

    select
        project_id,
        stage_no,
        source,
        file_sha256,
        sheet,
        row_number,
        'waiting_since' as column_name,
        cast(waiting_since as varchar) as value
    from waits

    union all

    select
        project_id,
        stage_no,
        agreed_source as source,
        agreed_file_sha256 as file_sha256,
        agreed_sheet as sheet,
        agreed_row_number as row_number,
        'agreed_on' as column_name,
        cast(agreed_on as varchar) as value
    from waits
    where agreed_on is not null

    union all

    select
        waits.project_id,
        waits.stage_no,
        money.source,
        money.file_sha256,
        money.sheet,
        money.row_number,
        money.column_name,
        money.value
    from waits
    inner join money on waits.project_id = money.project_id

    union all

    select
        waits.project_id,
        waits.stage_no,
        'milestone' as source,
        milestones.file_sha256,
        milestones.sheet,
        milestones.row_number,
        'blocker' as column_name,
        milestones.blocker as value
    from waits
    inner join milestones on waits.project_id = milestones.project_id
    inner join milestone_stages
        on
            milestones.milestone = milestone_stages.milestone
            and waits.stage_no = milestone_stages.stage_no

),

evidence as (

    select
        project_id,
        stage_no,
        list({{ figure("figures") }} order by source, column_name, file_sha256, sheet, row_number)
            as evidence
    from figures
    group by project_id, stage_no

),

final as (

    select
        projects.project_id,
        cast(waits.stage_no as integer) as stage_no,
        case waits.stage_no
            when 2 then '备案'
            when 3 then '开工'
            when 4 then '竣工'
            when 5 then '投产'
            when 6 then '达效'
        end as stage_zh,
        case when waits.stage_no <= 4 then '进度迟缓' else '投产失衡' end as bottleneck_kind,
        projects.district_code,
        projects.signing_row_no,
        projects.project_code,
        projects.uscc,
        projects.project_name,
        projects.company_name,
        coalesce(projects.reporting_unit, '未知') as reporting_unit,
        coalesce(projects.industry_section, '未知') as industry_section,
        coalesce(projects.size_band, '未知') as size_band,
        projects.is_in_ledger,
        coalesce(projects.is_leased, false) as is_leased,
        projects.register_current_stage,
        waits.claimed_on,
        waits.waiting_since,
        waits.days_waiting,
        waits.peer_group,
        cast(waits.peer_count as integer) as peer_count,
        waits.peer_median_days,
        waits.days_beyond_peers,
        waits.agreed_on,
        waits.agreed_source,
        waits.days_beyond_agreed,
        funnel.signed_investment,
        funnel.planned_investment,
        funnel.investment_cum,
        funnel.scheduled_investment,
        cast(funnel.investment_cum - funnel.scheduled_investment as decimal(20, 4))
            as schedule_gap,
        -- Before completion what is still to be invested; after it what lies there without effect.
        cast(
            case
                when waits.stage_no > 4
                    then funnel.investment_cum
                -- greatest() passes over nulls.
                when coalesce(funnel.planned_investment, funnel.signed_investment) is not null
                    then greatest(
                        coalesce(funnel.planned_investment, funnel.signed_investment)
                        - funnel.investment_cum,
                        0
                    )
            end as decimal(20, 4)
        ) as money_waiting,
        waits.missing_piece,
        actions.missing_zh,
        actions.missing_en,
        actions.responsible_unit,
        actions.lead_role,
        actions.blockers,
        actions.office_zh,
        actions.next_action_zh,
        actions.next_action_en,
        evidence.evidence,
        waits.source,
        waits.file_sha256,
        waits.sheet,
        cast(waits.row_number as bigint) as row_number,
        {{ as_of() }} as as_of,
        {{ known_on() }} as known_on
    from waits
    inner join projects on waits.project_id = projects.project_id
    inner join funnel on waits.project_id = funnel.project_id
    left join actions
        on
            waits.project_id = actions.project_id
            and waits.stage_no = actions.stage_no
    left join evidence
        on
            waits.project_id = evidence.project_id
            and waits.stage_no = evidence.stage_no

)

select
    project_id,
    stage_no,
    stage_zh,
    bottleneck_kind,
    district_code,
    signing_row_no,
    project_code,
    uscc,
    project_name,
    company_name,
    reporting_unit,
    industry_section,
    size_band,
    is_in_ledger,
    is_leased,
    register_current_stage,
    claimed_on,
    waiting_since,
    days_waiting,
    peer_group,
    peer_count,
    peer_median_days,
    days_beyond_peers,
    agreed_on,
    agreed_source,
    days_beyond_agreed,
    signed_investment,
    planned_investment,
    investment_cum,
    scheduled_investment,
    schedule_gap,
    money_waiting,
    missing_piece,
    missing_zh,
    missing_en,
    responsible_unit,
    lead_role,
    blockers,
    office_zh,
    next_action_zh,
    next_action_en,
    evidence,
    source,
    file_sha256,
    sheet,
    row_number,
    as_of,
    known_on
from final
