-- Totals against what they sum up: control rows of every file, the tax summary against the detail,
-- and the investment that a target file reports against the boards' reports (checks.md R42).

with

files as (

    select distinct
        district_code,
        source,
        file_sha256
    from {{ ref('stg_load_log') }}
    where status = 'loaded'

),

control_totals as (

    select
        district_code,
        source,
        file_sha256,
        sheet,
        row_number,
        label,
        column_name,
        coalesce(column_label, column_name) as column_label,
        kind,
        told,
        rows_read,
        sum_of_sheet,
        sum_above,
        sum_below,
        sum_of_board,
        held_rows
    from {{ ref('int_check__control_total') }}

),

-- What the row can be the sum of: the nearest answers.
control_sums as (

    select
        *,
        list_filter(
            [
                case when kind <> 'part' then sum_of_sheet end,
                case when kind <> 'part' then sum_above end,
                case when kind = 'block' then sum_below end,
                case when kind = 'part' then sum_of_board end,
            ],
            lambda s: s is not null
        ) as sums
    from control_totals

),

control_rows as (

    select
        *,
        list_sort(list_transform(sums, lambda s: abs(told - s)))[1] as gap,
        case kind
            when 'part' then sum_of_board
            when 'block' then sum_above
            else sum_of_sheet
        end as due
    from control_sums
    where len(sums) > 0

),

judged_rows as (

    select
        district_code,
        file_sha256,
        'control' as clause,
        source,
        gap > {{ check_threshold('R42', 'total_tolerance') }} and held_rows = 0 as is_wrong,
        gap > {{ check_threshold('R42', 'total_tolerance') }} and held_rows > 0 as is_held,
        gap,
        told,
        due,
        [
            struct_pack(
                source := source,
                file_sha256 := file_sha256,
                sheet := sheet,
                row_number := row_number,
                column_name := column_name,
                value := {{ said('told') }}
            ),
        ] as cells,
        {{ sentence(
            '{}行“{}”{}，{} 行相加 {}',
            ['label', 'column_label', 'told', 'rows_read', 'due'],
        ) }} as facts_zh,
        {{ sentence(
            'row {}: {} {}, its {} rows add up to {}',
            ['row_number', 'column_name', 'told', 'rows_read', 'due'],
        ) }} as facts_en
    from control_rows

),

tax_details as (

    select
        district_code,
        stat_period,
        collecting_office,
        tax_item,
        sum(tax_paid) as detail
    from {{ ref('int_tax__current') }}
    group by district_code, stat_period, collecting_office, tax_item

),

tax_summaries as (

    select
        district_code,
        stat_period,
        collecting_office,
        tax_item,
        tax_current,
        file_sha256,
        {{ evidence_cell('tax_summary', 'summary', 'tax_current') }} as cell
    from {{ ref('int_tax_summary__current') }} as summary
    where tax_current is not null and stat_period <= last_day({{ as_of() }})

),

-- Which file speaks for a month and office, and whether the detail of it has come whole.
tax_files as (

    select
        district_code,
        stat_period,
        collecting_office,
        min(file_sha256) as file_sha256
    from tax_summaries
    group by district_code, stat_period, collecting_office

),

tax_delivered as (

    select distinct
        district_code,
        stat_period,
        collecting_office
    from tax_details

),

tax_held as (

    select distinct
        district_code,
        scope
    from {{ ref('stg_quarantine') }}
    where source in ('tax', 'tax_summary') and scope is not null

),

tax_both_sides as (

    select
        coalesce(tax_summaries.district_code, tax_details.district_code) as district_code,
        coalesce(tax_summaries.stat_period, tax_details.stat_period) as stat_period,
        coalesce(tax_summaries.collecting_office, tax_details.collecting_office)
            as collecting_office,
        coalesce(tax_summaries.tax_item, tax_details.tax_item) as tax_item,
        tax_summaries.tax_current,
        tax_summaries.cell,
        tax_details.detail
    from tax_summaries
    full outer join tax_details
        on
            tax_summaries.district_code = tax_details.district_code
            and tax_summaries.stat_period = tax_details.stat_period
            and tax_summaries.collecting_office
            is not distinct from tax_details.collecting_office
            and tax_summaries.tax_item is not distinct from tax_details.tax_item

),

tax_items as (

    select
        tax_files.district_code,
        tax_files.file_sha256,
        tax_files.stat_period,
        tax_files.collecting_office,
        coalesce(both_sides.tax_item, '') as tax_item,
        coalesce(both_sides.tax_current, 0) as told,
        coalesce(both_sides.detail, 0) as due,
        both_sides.cell,
        tax_delivered.stat_period is not null as is_delivered,
        tax_held.scope is not null as is_held
    from tax_files
    left join tax_both_sides as both_sides
        on
            tax_files.district_code = both_sides.district_code
            and tax_files.stat_period = both_sides.stat_period
            and tax_files.collecting_office is not distinct from both_sides.collecting_office
    left join tax_delivered
        on
            tax_files.district_code = tax_delivered.district_code
            and tax_files.stat_period = tax_delivered.stat_period
            and tax_files.collecting_office is not distinct from tax_delivered.collecting_office
    left join tax_held
        on
            tax_files.district_code = tax_held.district_code
            and strftime(tax_files.stat_period, '%Y-%m') || '|' || tax_files.collecting_office
            = tax_held.scope

),

judged_taxes as (

    select
        district_code,
        file_sha256,
        'tax' as clause,
        'tax_summary' as source,
        is_delivered
        and not is_held
        and abs(told - due) > {{ check_threshold('R42', 'tax_tolerance') }} as is_wrong,
        is_delivered
        and is_held
        and abs(told - due) > {{ check_threshold('R42', 'tax_tolerance') }} as is_held,
        abs(told - due) as gap,
        told,
        due,
        case when cell is not null then [cell] else {{ no_evidence() }} end as cells,
        {{ sentence(
            '{} {} {}：汇总 {} 万元，明细合计 {} 万元',
            [
                "strftime(stat_period, '%Y-%m')", 'collecting_office', 'tax_item', 'told', 'due',
            ],
        ) }} as facts_zh,
        {{ sentence(
            '{} {} {}: summary {}, detail {}',
            [
                "strftime(stat_period, '%Y-%m')", 'collecting_office', 'tax_item', 'told', 'due',
            ],
        ) }} as facts_en
    from tax_items
    where is_delivered

),

-- A target file may have a column of what has been completed.
target_rows as (

    select
        target.district_code,
        target.file_sha256,
        target.stat_year,
        target.reporting_unit,
        target.unit,
        target.received_on,
        target.sheet,
        target.row_number,
        unnest(json_keys(target.extra)) as header,
        target.extra
    from {{ ref('int_target__current') }} as target
    where target.metric = '完成投资' and target.extra is not null

),

target_told as (

    select
        *,
        try_cast(
            replace(json_extract_string(extra, '$."' || header || '"'), ',', '')
            as decimal(24, 6)
        )
        * case when coalesce(unit, '') = '亿元' or contains(header, '亿元') then 10000 else 1 end
            as told
    from target_rows
    where regexp_matches(header, '完成') and not regexp_matches(header, '率|占比|同期|上年|去年')

),

board_years as (

    select
        target_told.file_sha256,
        target_told.row_number,
        target_told.header,
        max(fai.stat_period) as stat_period
    from target_told
    inner join {{ ref('int_fai__current') }} as fai
        on
            target_told.district_code = fai.district_code
            and target_told.reporting_unit = fai.reporting_unit
            and target_told.stat_year = year(fai.stat_period)
            and target_told.received_on >= fai.received_on
    group by target_told.file_sha256, target_told.row_number, target_told.header

),

board_sums as (

    select
        target_told.district_code,
        target_told.file_sha256,
        target_told.sheet,
        target_told.row_number,
        target_told.header,
        target_told.reporting_unit,
        target_told.told,
        board_years.stat_period,
        sum(fai.investment_ytd) as due
    from target_told
    inner join board_years
        on
            target_told.file_sha256 = board_years.file_sha256
            and target_told.row_number = board_years.row_number
            and target_told.header = board_years.header
    inner join {{ ref('int_fai__current') }} as fai
        on
            target_told.district_code = fai.district_code
            and target_told.reporting_unit = fai.reporting_unit
            and board_years.stat_period = fai.stat_period
    where target_told.told is not null
    group by
        target_told.district_code, target_told.file_sha256, target_told.sheet,
        target_told.row_number, target_told.header, target_told.reporting_unit, target_told.told,
        board_years.stat_period

),

judged_boards as (

    select
        district_code,
        file_sha256,
        'board' as clause,
        'target' as source,
        abs(told - due) > due * {{ check_threshold('R42', 'board_tolerance') }} as is_wrong,
        false as is_held,
        abs(told - due) as gap,
        told,
        due,
        [
            struct_pack(
                source := 'target',
                file_sha256 := file_sha256,
                sheet := sheet,
                row_number := row_number,
                column_name := header,
                value := {{ said('told') }}
            ),
        ] as cells,
        {{ sentence(
            '{} “{}”{} 万元，固投月报 {} 本年累计合计 {} 万元',
            ['reporting_unit', 'header', 'told', "strftime(stat_period, '%Y-%m')", 'due'],
        ) }} as facts_zh,
        {{ sentence(
            '{} completed {} by the target file, {} by the reports of {}',
            ['reporting_unit', 'told', 'due', "strftime(stat_period, '%Y-%m')"],
        ) }} as facts_en
    from board_sums

),

judged as (

    select * from judged_rows
    union all by name
    select * from judged_taxes
    union all by name
    select * from judged_boards

),

file_totals as (

    select
        district_code,
        file_sha256,
        count(*) as totals,
        count(*) filter (where is_wrong) as wrong_totals,
        count(*) filter (where is_held) as held_totals,
        max(gap) filter (where is_wrong) as widest_gap,
        arg_max(told, row(gap, facts_zh)) filter (where is_wrong) as told,
        arg_max(due, row(gap, facts_zh)) filter (where is_wrong) as due,
        arg_max(clause, row(gap, facts_zh)) filter (where is_wrong) as clause,
        flatten((list(cells order by gap desc, facts_zh) filter (where is_wrong))[:5]) as cells,
        array_to_string(
            (list(facts_zh order by gap desc, facts_zh) filter (where is_wrong))[:5], '；'
        ) as facts_zh,
        array_to_string(
            (list(facts_en order by gap desc, facts_zh) filter (where is_wrong))[:5], '; '
        ) as facts_en
    from judged
    group by district_code, file_sha256

),

final as (

    select
        files.district_code,
        'file' as entity_type,
        files.file_sha256 as entity_id,
        case
            when file_totals.totals is null then 'na'
            when file_totals.wrong_totals > 0 then 'fail'
            when file_totals.held_totals > 0 then 'na'
            else 'pass'
        end as outcome,
        case
            when file_totals.totals is null and files.source = 'tax_summary' then 'no_detail'
            when file_totals.totals is null then 'no_control_total'
            when file_totals.wrong_totals = 0 and file_totals.held_totals > 0
                then 'rows_in_quarantine'
        end as na_reason,
        case when file_totals.wrong_totals > 0 then 'flag' end as severity,
        file_totals.widest_gap as statistic,
        case file_totals.clause
            when 'control' then {{ check_threshold('R42', 'total_tolerance') }}
            when 'tax' then {{ check_threshold('R42', 'tax_tolerance') }}
            when 'board' then file_totals.due * {{ check_threshold('R42', 'board_tolerance') }}
        end as threshold,
        file_totals.told as observed,
        file_totals.due as expected,
        file_totals.totals as n_used,
        ['rows_in_quarantine', 'rounding', 'booked_in_the_month_before'] as exemptions_checked,
        coalesce(file_totals.cells, {{ no_evidence() }}) as evidence,
        file_totals.facts_zh,
        file_totals.facts_en,
        {{ sentence(
            '合计等于各行之和；{} 个合计中 {} 个不符，最大差额 {}',
            ['file_totals.totals', 'file_totals.wrong_totals', 'file_totals.widest_gap'],
        ) }} as relation_zh,
        {{ sentence(
            'a total is the sum of its rows; {} of {} are not, by {} at most',
            ['file_totals.wrong_totals', 'file_totals.totals', 'file_totals.widest_gap'],
        ) }} as relation_en
    from files
    left join file_totals
        on
            files.district_code = file_totals.district_code
            and files.file_sha256 = file_totals.file_sha256

)

{{ check_answer('final') }}
