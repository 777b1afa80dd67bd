with

projects as (

    select
        district_code,
        project_id,
        entity_id,
        signing_row_no,
        reporting_unit,
        uscc
    from {{ ref('int_check__project') }}
    where is_in_ledger

),

-- The stages that targets count, with what each is called.
stages as (

    select
        unnest(['signed', 'filed', 'started', 'produced', 'on_target']) as stage,
        unnest(['签约', '备案', '开工', '投产', '达效']) as stage_zh

),

ledger as (

    select
        district_code,
        signing_row_no,
        signing_date,
        signing_stat_date,
        filing_date,
        filing_stat_date,
        {{ evidence_cell('signing', 'signing', 'signing_date') }} as signing_cell,
        {{ evidence_cell('signing', 'signing', 'signing_stat_date') }} as signing_stat_cell,
        {{ evidence_cell('signing', 'signing', 'filing_date') }} as filing_cell,
        {{ evidence_cell('signing', 'signing', 'filing_stat_date') }} as filing_stat_cell
    from {{ ref('int_signing__current') }} as signing

),

recognitions as (

    select
        project_id,
        recognition_kind,
        actual_on,
        recognised_on,
        was_sent_back,
        actual_cell,
        recognised_cell
    from {{ ref('int_check__recognition') }}

),

targets as (

    select
        district_code,
        stat_year,
        reporting_unit,
        measure,
        target_value,
        {{ evidence_cell('target', 'target', 'target_value') }} as target_cell
    from {{ ref('fct_target') }} as target
    where basis = 'count'

),

ledger_dates as (

    select
        district_code,
        signing_row_no,
        'signed' as stage,
        signing_date as actual_on,
        signing_stat_date as counted_on,
        signing_cell as actual_cell,
        signing_stat_cell as counted_cell
    from ledger

    union all

    select
        district_code,
        signing_row_no,
        'filed' as stage,
        filing_date as actual_on,
        filing_stat_date as counted_on,
        filing_cell as actual_cell,
        filing_stat_cell as counted_cell
    from ledger

),

dated as (

    select
        projects.project_id,
        ledger_dates.stage,
        ledger_dates.actual_on,
        ledger_dates.counted_on,
        false as was_sent_back,
        ledger_dates.actual_cell,
        ledger_dates.counted_cell
    from ledger_dates
    inner join projects
        on
            ledger_dates.district_code = projects.district_code
            and ledger_dates.signing_row_no = projects.signing_row_no
    where ledger_dates.actual_on is not null and ledger_dates.counted_on <= {{ as_of() }}

    union all by name

    select
        recognitions.project_id,
        stages.stage,
        recognitions.actual_on,
        recognitions.recognised_on as counted_on,
        recognitions.was_sent_back,
        recognitions.actual_cell,
        recognitions.recognised_cell as counted_cell
    from recognitions
    inner join stages on recognitions.recognition_kind = stages.stage_zh
    where recognitions.actual_on is not null

),

board_years as (

    select
        projects.district_code,
        projects.reporting_unit,
        dated.stage,
        year(dated.counted_on) as year_no,
        count(*) as counted,
        list(dated.counted_cell order by projects.entity_id) as counted_cells
    from dated
    inner join projects on dated.project_id = projects.project_id
    group by projects.district_code, projects.reporting_unit, dated.stage, year(dated.counted_on)

),

judged as (

    select
        projects.district_code,
        projects.project_id,
        projects.entity_id,
        projects.reporting_unit,
        projects.uscc,
        stages.stage,
        stages.stage_zh,
        dated.actual_on,
        dated.counted_on,
        dated.actual_cell,
        board_years.year_no,
        board_years.counted - 1 as others,
        board_years.counted_cells,
        targets.target_value,
        targets.target_cell,
        abs(datediff('day', dated.actual_on, dated.counted_on)) as days_apart,
        case
            when dated.project_id is null or targets.target_value is null then 'na'
            when
                abs(datediff('day', dated.actual_on, dated.counted_on))
                > {{ check_threshold('R33', 'days_apart') }}
                and date_trunc('quarter', dated.actual_on)
                <> date_trunc('quarter', dated.counted_on)
                and board_years.counted - 1 < targets.target_value
                and not dated.was_sent_back
                then 'fail'
            else 'pass'
        end as outcome,
        case
            when dated.project_id is null then 'no_dates'
            when targets.target_value is null then 'no_target'
        end as na_reason
    from projects
    cross join stages
    left join dated on projects.project_id = dated.project_id and stages.stage = dated.stage
    left join board_years
        on
            projects.district_code = board_years.district_code
            and projects.reporting_unit = board_years.reporting_unit
            and dated.stage = board_years.stage
            and year(dated.counted_on) = board_years.year_no
    left join targets
        on
            board_years.district_code = targets.district_code
            and board_years.reporting_unit = targets.reporting_unit
            and board_years.stage = targets.measure
            and board_years.year_no = targets.stat_year

),

final as (

    select
        *,
        'project' as entity_type,
        stage as counterpart_id,
        case when outcome = 'fail' then 'flag' end as severity,
        days_apart as statistic,
        {{ check_threshold('R33', 'days_apart') }} as threshold,
        days_apart as observed,
        {{ check_threshold('R33', 'days_apart') }} as expected,
        others as n_used,
        ['sent_back_before'] as exemptions_checked,
        case
            when outcome = 'fail'
                then list_concat([actual_cell, target_cell], counted_cells)
            else {{ no_evidence() }}
        end as evidence,
        {{ sentence(
            '{}实际日期 {}，统计（认定）日期 {}；{} {} 年{}目标 {} 个，不含本项目完成 {} 个',
            [
                'stage_zh', 'actual_on', 'counted_on', 'reporting_unit', 'year_no', 'stage_zh',
                'target_value', 'others',
            ],
        ) }} as facts_zh,
        {{ sentence(
            '{} on {}, counted on {}; {} in {} had a target of {} and {} without this project',
            [
                'stage', 'actual_on', 'counted_on', 'reporting_unit', 'year_no', 'target_value',
                'others',
            ],
        ) }} as facts_en,
        {{ sentence(
            '两个日期相差不超过 {} 天；实际相差 {} 天，落入未完成目标的 {} 年',
            [check_threshold('R33', 'days_apart'), 'days_apart', 'year_no'],
        ) }} as relation_zh,
        {{ sentence(
            'the two days lie within {} days; they are {} apart, and {} was short of its target',
            [check_threshold('R33', 'days_apart'), 'days_apart', 'year_no'],
        ) }} as relation_en
    from judged

)

{{ check_answer('final') }}
