with

spine as (

    select
        district_code,
        project_id,
        entity_id,
        uscc,
        reporting_unit,
        stat_period,
        period
    from {{ ref('int_check__project_month') }}

),

investment as (

    select
        project_id,
        stat_period,
        investment_cum,
        planned_investment,
        is_amended,
        cum_cells,
        plan_cells
    from {{ ref('int_check__investment') }}

),

measured as (

    select
        spine.district_code,
        spine.entity_id,
        spine.reporting_unit,
        spine.period,
        spine.stat_period as anchor_on,
        spine.project_id,
        spine.uscc,
        investment.investment_cum,
        investment.planned_investment,
        investment.is_amended,
        investment.cum_cells,
        investment.plan_cells,
        {{ significant(
            'investment.investment_cum / nullif(investment.planned_investment, 0) - 1'
        ) }} as excess,
        case
            when investment.project_id is null then 'no_report'
            when coalesce(investment.planned_investment, 0) = 0 then 'no_plan'
        end as na_reason
    from spine
    left join investment
        on
            spine.project_id = investment.project_id
            and spine.stat_period = investment.stat_period

),

judged as (

    select
        *,
        case
            when na_reason is not null then 'na'
            when excess > {{ check_threshold('R02', 'excess_flag') }} then 'fail'
            else 'pass'
        end as outcome,
        case
            when excess > {{ check_threshold('R02', 'excess_quarantine') }} and not is_amended
                then 'quarantine'
            when excess > {{ check_threshold('R02', 'excess_flag') }} then 'flag'
        end as severity
    from measured

),

final as (

    select
        *,
        'project' as entity_type,
        excess as statistic,
        case severity
            when 'quarantine' then {{ check_threshold('R02', 'excess_quarantine') }}
            else {{ check_threshold('R02', 'excess_flag') }}
        end as threshold,
        investment_cum as observed,
        planned_investment as expected,
        1 as n_used,
        ['amended_filing'] as exemptions_checked,
        case
            when outcome = 'fail' then list_concat(cum_cells, plan_cells)
            else {{ no_evidence() }}
        end as evidence,
        {{ sentence(
            '截至 {}，自开始累计完成 {} 万元，计划总投资 {} 万元',
            ['period', 'investment_cum', 'planned_investment'],
        ) }} as facts_zh,
        {{ sentence(
            'by {} the cumulative is {}, the plan {}',
            ['period', 'investment_cum', 'planned_investment'],
        ) }} as facts_en,
        {{ sentence(
            '累计不超过计划，即 {} 不大于 {}；超出比例 {}',
            ['investment_cum', 'planned_investment', 'round(excess, 4)'],
        ) }} as relation_zh,
        {{ sentence(
            'the cumulative is within the plan: {} at most {}; beyond it by a share of {}',
            ['investment_cum', 'planned_investment', 'round(excess, 4)'],
        ) }} as relation_en
    from judged

)

{{ check_answer('final') }}
