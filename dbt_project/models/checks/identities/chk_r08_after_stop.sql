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
        investment_month,
        planned_investment,
        is_stopped,
        month_cells,
        stage_cells,
        plan_cells
    from {{ ref('int_check__investment') }}

),

completions as (

    select
        projects.project_id,
        min(recognition.actual_date) as completed_on,
        arg_min(
            {{ evidence_cell('recognition', 'recognition', 'actual_date') }},
            row(recognition.actual_date, recognition.row_number)
        ) as completion_cell
    from {{ ref('int_recognition__current') }} as recognition
    inner join {{ ref('int_check__project') }} as projects
        on
            recognition.district_code = projects.district_code
            and recognition.signing_row_no = projects.signing_row_no
    where
        recognition.recognition_kind = '竣工'
        and recognition.result = '通过'
        and not coalesce(recognition.is_withdrawn, false)
    group by projects.project_id

),

measured as (

    select
        investment.project_id,
        investment.stat_period,
        investment.investment_month,
        investment.planned_investment,
        investment.month_cells,
        investment.stage_cells,
        investment.plan_cells,
        completions.completed_on,
        completions.completion_cell,
        investment.is_stopped
        and coalesce(lag(investment.is_stopped) over series, false) as is_long_stopped,
        coalesce(
            investment.stat_period >= last_day(
                completions.completed_on
                + to_months(cast({{ check_threshold('R08', 'months_after') }} as integer))
            ),
            false
        ) as is_long_completed,
        sum(
            case
                when investment.stat_period > last_day(completions.completed_on)
                    then investment.investment_month
                else 0
            end
        ) over series as after_completion
    from investment
    left join completions on investment.project_id = completions.project_id
    window series as (
        partition by investment.project_id order by investment.stat_period
    )

),

judged as (

    select
        spine.district_code,
        spine.entity_id,
        spine.reporting_unit,
        spine.period,
        spine.stat_period as anchor_on,
        spine.project_id,
        spine.uscc,
        measured.investment_month,
        measured.planned_investment,
        measured.month_cells,
        measured.stage_cells,
        measured.plan_cells,
        measured.completed_on,
        measured.completion_cell,
        measured.is_long_completed,
        measured.after_completion,
        {{ significant(
            'measured.after_completion / nullif(measured.planned_investment, 0)'
        ) }} as share_after,
        case
            when measured.project_id is null then 'na'
            when
                measured.investment_month > 0
                and (
                    measured.is_long_stopped
                    or (
                        measured.is_long_completed
                        and coalesce(
                            measured.after_completion
                            > measured.planned_investment
                            * {{ check_threshold('R08', 'retention_share') }},
                            true
                        )
                    )
                )
                then 'fail'
            else 'pass'
        end as outcome,
        case when measured.project_id is null then 'no_report' end as na_reason
    from spine
    left join measured
        on spine.project_id = measured.project_id and spine.stat_period = measured.stat_period

),

final as (

    select
        *,
        'project' as entity_type,
        case
            when outcome <> 'fail' then null
            when
                is_long_completed
                and share_after > {{ check_threshold('R08', 'quarantine_share') }}
                then 'quarantine'
            else 'flag'
        end as severity,
        share_after as statistic,
        {{ check_threshold('R08', 'quarantine_share') }} as threshold,
        investment_month as observed,
        case when outcome = 'fail' then 0 end as expected,
        1 as n_used,
        ['retention_money'] as exemptions_checked,
        case
            when outcome <> 'fail'
                then {{ no_evidence() }}
            when is_long_completed
                then list_concat(month_cells, plan_cells, [completion_cell])
            else list_concat(month_cells, stage_cells)
        end as evidence,
        case
            when is_long_completed
                then {{ sentence(
                    '{} 已认定竣工，{} 仍报本月完成 {} 万元；竣工后合计 {} 万元，计划 {} 万元',
                    ['completed_on', 'period', 'investment_month', 'after_completion',
                     'planned_investment'],
                ) }}
            else {{ sentence(
                '建设阶段连续为全部停缓建，{} 仍报本月完成 {} 万元', ['period', 'investment_month'],
            ) }}
        end as facts_zh,
        case
            when is_long_completed
                then {{ sentence(
                    'completed {}, yet {} reports a month of {}; {} since completion, plan {}',
                    ['completed_on', 'period', 'investment_month', 'after_completion',
                     'planned_investment'],
                ) }}
            else {{ sentence(
                'wholly suspended in a row, yet {} reports a month of {}',
                ['period', 'investment_month'],
            ) }}
        end as facts_en,
        '停建或竣工满两个月后没有新的完成投资；质保金不超过 3%' as relation_zh,
        'no new investment two months after a stop or completion; retention is at most 3 %'
            as relation_en
    from judged

)

{{ check_answer('final') }}
