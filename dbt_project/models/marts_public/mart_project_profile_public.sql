-- Counts of projects, milestones and findings and investment are public.

with

rows_of_projects as (

    select
        district_code,
        {{ cuts_of_board() }},
        is_withdrawn,
        current_stage_no,
        current_stage_zh,
        claimed_stage_no,
        signed_investment,
        planned_investment,
        investment_cum,
        scheduled_investment,
        overdue_milestone_count,
        finding_count,
        effective_finding_count,
        as_of,
        known_on
    from {{ ref('mart_project_profile') }}

),

final as (

    select
        district_code,
        struct_extract(cut, 'cut_kind') as cut_kind,
        struct_extract(cut, 'cut_value') as cut_value,
        current_stage_no,
        coalesce(current_stage_zh, '无') as current_stage_zh,
        count(*) as project_count,
        count(*) filter (where claimed_stage_no > current_stage_no) as ahead_claimed_count,
        count(*) filter (where is_withdrawn) as withdrawn_count,
        cast(sum(signed_investment) as decimal(20, 4)) as signed_investment,
        cast(sum(planned_investment) as decimal(20, 4)) as planned_investment,
        cast(sum(investment_cum) as decimal(20, 4)) as investment_cum,
        cast(sum(scheduled_investment) as decimal(20, 4)) as scheduled_investment,
        cast(sum(overdue_milestone_count) as bigint) as overdue_milestone_count,
        cast(sum(finding_count) as bigint) as finding_count,
        cast(sum(effective_finding_count) as bigint) as effective_finding_count,
        as_of,
        known_on
    from rows_of_projects
    group by all

)

select
    {{ described_columns() }}
from final
