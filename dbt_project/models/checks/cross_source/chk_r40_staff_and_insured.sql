with

-- A merged or split firm is counted with whoever bears its rights and duties now.
owners as (

    select
        district_code,
        uscc,
        successor_uscc
    from {{ ref('int_check__owner') }}

),

reports as (

    select
        output.district_code,
        output.uscc,
        output.stat_period,
        output.reporting_unit,
        output.headcount,
        {{ evidence_cell('output', 'output', 'headcount') }} as cell,
        row_number() over (
            partition by output.district_code, output.uscc order by output.stat_period
        ) as report_no
    from {{ ref('fct_output_month') }} as output

),

insured_rows as (

    select
        social.district_code,
        coalesce(owners.successor_uscc, social.uscc) as uscc,
        social.stat_period,
        social.insured_headcount,
        {{ evidence_cell('social', 'social', 'insured_headcount') }} as cell
    from {{ ref('fct_insured_month') }} as social
    left join owners
        on social.district_code = owners.district_code and social.uscc = owners.uscc

),

insured as (

    select
        district_code,
        uscc,
        stat_period,
        sum(insured_headcount) as insured_headcount
    from insured_rows
    group by district_code, uscc, stat_period

),

delivered as (

    select distinct
        district_code,
        stat_period
    from {{ ref('fct_insured_month') }}

),

rules as (

    select
        {{ check_threshold('R40', 'ratio') }} as ratio,
        {{ check_threshold('R40', 'uninsured_staff') }} as uninsured_staff,
        {{ check_threshold('R40', 'first_reports') }} as first_reports,
        {{ check_threshold('R40', 'gap_months') }} as gap_months

),

measured as (

    select
        reports.*,
        rules.*,
        coalesce(owners.successor_uscc, reports.uscc) as insured_uscc,
        delivered.stat_period is not null as was_delivered,
        insured.insured_headcount
    from reports
    left join owners
        on reports.district_code = owners.district_code and reports.uscc = owners.uscc
    left join delivered
        on
            reports.district_code = delivered.district_code
            and reports.stat_period = delivered.stat_period
    left join insured
        on
            reports.district_code = insured.district_code
            and coalesce(owners.successor_uscc, reports.uscc) = insured.uscc
            and reports.stat_period = insured.stat_period
    cross join rules

),

-- In a month that was delivered, a firm without a row has nobody insured; but where it has rows in
-- the months around, its row of the month is only missing, and that is no evidence.
gaps as (

    select
        measured.district_code,
        measured.uscc,
        measured.stat_period,
        true as has_rows_around
    from measured
    inner join insured
        on
            measured.district_code = insured.district_code
            and measured.insured_uscc = insured.uscc
            and insured.stat_period between measured.stat_period
            - to_months(cast(measured.gap_months as integer))
            - interval 3 day
            and measured.stat_period
            + to_months(cast(measured.gap_months as integer))
            + interval 3 day
    where measured.insured_headcount is null
    group by measured.district_code, measured.uscc, measured.stat_period

),

judged as (

    select
        measured.* exclude (insured_headcount),
        coalesce(measured.insured_headcount, 0) as insured_headcount,
        case
            when measured.headcount is null then 'no_report'
            when measured.report_no <= measured.first_reports then 'first_months'
            when not measured.was_delivered then 'insured_not_delivered'
            when gaps.has_rows_around then 'row_missing'
        end as na_reason,
        case
            when measured.insured_headcount > 0
                then measured.headcount > measured.ratio * measured.insured_headcount
            else measured.headcount > measured.uninsured_staff
        end as is_beyond
    from measured
    left join gaps
        on
            measured.district_code = gaps.district_code
            and measured.uscc = gaps.uscc
            and measured.stat_period = gaps.stat_period

),

insured_cells as (

    select
        judged.district_code,
        judged.uscc,
        judged.stat_period,
        list(insured_rows.cell order by insured_rows.cell) as cells
    from judged
    inner join insured_rows
        on
            judged.district_code = insured_rows.district_code
            and judged.insured_uscc = insured_rows.uscc
            and judged.stat_period = insured_rows.stat_period
    where judged.na_reason is null and judged.is_beyond
    group by judged.district_code, judged.uscc, judged.stat_period

),

final as (

    select
        judged.*,
        'enterprise' as entity_type,
        judged.uscc as entity_id,
        strftime(judged.stat_period, '%Y-%m') as period,
        judged.stat_period as anchor_on,
        case
            when judged.na_reason is not null then 'na'
            when judged.is_beyond then 'fail'
            else 'pass'
        end as outcome,
        case when judged.na_reason is null and judged.is_beyond then 'flag' end as severity,
        case
            when judged.insured_headcount > 0
                then cast(judged.headcount as double) / cast(judged.insured_headcount as double)
            else judged.headcount
        end as statistic,
        case when judged.insured_headcount > 0 then judged.ratio else judged.uninsured_staff end
            as threshold,
        judged.headcount as observed,
        case when judged.na_reason is null then judged.insured_headcount end as expected,
        1 as n_used,
        ['first_months', 'merged_firm'] as exemptions_checked,
        case
            when judged.na_reason is null and judged.is_beyond
                then list_concat([judged.cell], coalesce(insured_cells.cells, []))
            else {{ no_evidence() }}
        end as evidence,
        {{ sentence(
            '{} 报平均用工 {} 人，参保 {} 人',
            ['strftime(judged.stat_period, \'%Y-%m\')', 'judged.headcount', 'judged.insured_headcount'],
        ) }} as facts_zh,
        {{ sentence(
            '{}: {} staff reported, {} insured',
            ['strftime(judged.stat_period, \'%Y-%m\')', 'judged.headcount', 'judged.insured_headcount'],
        ) }} as facts_en,
        {{ sentence(
            '用工不超过参保的 {} 倍；无人参保的不超过 {} 人', ['judged.ratio', 'judged.uninsured_staff'],
        ) }} as relation_zh,
        {{ sentence(
            'staff is at most {} x the insured; where nobody is insured, at most {}',
            ['judged.ratio', 'judged.uninsured_staff'],
        ) }} as relation_en
    from judged
    left join insured_cells
        on
            judged.district_code = insured_cells.district_code
            and judged.uscc = insured_cells.uscc
            and judged.stat_period = insured_cells.stat_period

)

{{ check_answer('final') }}
