with

firms as (

    select
        district_code,
        uscc,
        reporting_unit
    from {{ ref('int_check__firm') }}

),

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
        coalesce(owners.successor_uscc, output.uscc) as uscc,
        output.stat_period,
        output.months_covered,
        coalesce(output.operating_income, output.output_value) as reported,
        output.reporting_unit,
        case
            when output.operating_income is not null
                then {{ evidence_cell('output', 'output', 'operating_income') }}
            else {{ evidence_cell('output', 'output', 'output_value') }}
        end as cell
    from {{ ref('fct_output_month') }} as output
    left join owners
        on output.district_code = owners.district_code and output.uscc = owners.uscc

),

invoices as (

    select
        sales.district_code,
        coalesce(owners.successor_uscc, sales.uscc) as uscc,
        sales.stat_period,
        sales.invoiced_sales,
        sales.tax_filing_kind,
        {{ evidence_cell('sales', 'sales', 'invoiced_sales') }} as cell
    from {{ ref('fct_sales_month') }} as sales
    left join owners
        on sales.district_code = owners.district_code and sales.uscc = owners.uscc

),

rules as (

    select
        cast({{ check_threshold('R25', 'window_months') }} as integer) as window_months,
        {{ check_threshold('R25', 'minimum_months') }} as minimum_months,
        cast({{ check_threshold('R25', 'shift_months') }} as integer) as shift_months,
        {{ check_threshold('R25', 'flag_above') }} as flag_above,
        {{ check_threshold('R25', 'flag_below') }} as flag_below,
        {{ check_threshold('R25', 'quarantine_above') }} as quarantine_above

),

reported_months as (

    select
        district_code,
        uscc,
        stat_period,
        min(reporting_unit) as reporting_unit,
        max(months_covered) as months_covered,
        sum(reported) as reported
    from reports
    group by district_code, uscc, stat_period
    having count(reported) > 0

),

-- The months of which a report tells: February's of January too.
told_months as (

    select
        district_code,
        uscc,
        stat_period,
        stat_period as month_end,
        reported
    from reported_months

    union all

    select
        district_code,
        uscc,
        stat_period,
        last_day(stat_period - interval 1 month) as month_end,
        0 as reported
    from reported_months
    where months_covered = 2

),

delivered as (

    select distinct
        district_code,
        stat_period
    from invoices

),

invoiced_months as (

    select
        district_code,
        uscc,
        stat_period,
        sum(invoiced_sales) as invoiced,
        bool_or(tax_filing_kind = '汇总') as files_with_group
    from invoices
    group by district_code, uscc, stat_period

),

shifts as (

    select cast(series.shift as integer) as shift
    from rules, unnest(generate_series(-rules.shift_months, rules.shift_months)) as series (shift)

),

-- What was invoiced in the months that a month's report tells of, moved by each shift; null where
-- the month was not delivered.
matched as (

    select
        told_months.district_code,
        told_months.uscc,
        told_months.stat_period,
        shifts.shift,
        max(told_months.reported) as reported,
        count(*) as months_told,
        count(delivered.stat_period) as months_delivered,
        count(invoiced_months.stat_period) as months_invoiced,
        coalesce(sum(invoiced_months.invoiced), 0) as invoiced,
        coalesce(bool_or(invoiced_months.files_with_group), false) as files_with_group
    from told_months
    cross join shifts
    left join delivered
        on
            told_months.district_code = delivered.district_code
            and last_day(told_months.month_end + to_months(shifts.shift)) = delivered.stat_period
    left join invoiced_months
        on
            told_months.district_code = invoiced_months.district_code
            and told_months.uscc = invoiced_months.uscc
            and last_day(told_months.month_end + to_months(shifts.shift))
            = invoiced_months.stat_period
    group by told_months.district_code, told_months.uscc, told_months.stat_period, shifts.shift

),

-- Each report counts in the twelve months' windows that hold it.
places as (

    select
        matched.district_code,
        matched.uscc,
        matched.shift,
        matched.stat_period as told_period,
        last_day(matched.stat_period + to_months(cast(series.step as integer))) as stat_period,
        matched.reported,
        matched.invoiced,
        matched.months_told,
        matched.months_delivered,
        matched.months_invoiced,
        matched.files_with_group
    from matched
    cross join rules
    cross join unnest(generate_series(0, rules.window_months - 1)) as series (step)

),

windows as (

    select
        places.district_code,
        places.uscc,
        places.stat_period,
        places.shift,
        sum(places.reported) as reported,
        sum(places.invoiced) as invoiced,
        sum(places.months_told) as months_told,
        sum(places.months_delivered) as months_delivered,
        sum(places.months_invoiced) as months_invoiced,
        bool_or(places.files_with_group) as files_with_group,
        min(places.told_period) as first_report
    from places
    inner join reported_months
        on
            places.district_code = reported_months.district_code
            and places.uscc = reported_months.uscc
            and places.stat_period = reported_months.stat_period
    group by places.district_code, places.uscc, places.stat_period, places.shift

),

shifted as (

    select
        *,
        case
            when months_delivered = months_told and invoiced > 0
                then {{ significant(
                    '(cast(reported as double) - cast(invoiced as double)) / cast(invoiced as double)'
                ) }}
        end as q
    from windows

),

-- Invoices may come up to two months earlier or later: the shift that agrees best.
chosen as (

    select
        district_code,
        uscc,
        stat_period,
        any_value(reported) as reported,
        max(months_told) as months_told,
        max(months_invoiced) as months_invoiced,
        max(months_delivered) as months_delivered,
        bool_or(files_with_group) as files_with_group,
        min(first_report) as first_report,
        arg_min(q, (abs(q), abs(shift), shift)) filter (where q is not null) as q,
        arg_min(shift, (abs(q), abs(shift), shift)) filter (where q is not null) as shift,
        arg_min(invoiced, (abs(q), abs(shift), shift)) filter (where q is not null) as invoiced
    from shifted
    group by district_code, uscc, stat_period

),

judged as (

    select
        chosen.*,
        strftime(chosen.stat_period, '%Y-%m') as period,
        coalesce(reported_months.reporting_unit, firms.reporting_unit) as reporting_unit,
        rules.*,
        case
            when chosen.files_with_group then 'consolidated_filing'
            when chosen.months_told < rules.minimum_months then 'months_too_few'
            when chosen.months_delivered < chosen.months_told then 'sales_not_delivered'
            when chosen.q is null then 'nothing_invoiced'
        end as na_reason
    from chosen
    inner join reported_months
        on
            chosen.district_code = reported_months.district_code
            and chosen.uscc = reported_months.uscc
            and chosen.stat_period = reported_months.stat_period
    left join firms
        on chosen.district_code = firms.district_code and chosen.uscc = firms.uscc
    cross join rules

),

answered as (

    select
        *,
        case
            when na_reason is not null then 'na'
            when q >= flag_above or q <= flag_below then 'fail'
            else 'pass'
        end as outcome
    from judged

),

fails as (

    select
        district_code,
        uscc,
        stat_period,
        first_report,
        shift
    from answered
    where outcome = 'fail'

),

cells as (

    select
        fails.district_code,
        fails.uscc,
        fails.stat_period,
        reports.cell
    from fails
    inner join reports
        on
            fails.district_code = reports.district_code
            and fails.uscc = reports.uscc
            and reports.stat_period between fails.first_report and fails.stat_period

    union all

    select
        fails.district_code,
        fails.uscc,
        fails.stat_period,
        invoices.cell
    from fails
    inner join told_months
        on
            fails.district_code = told_months.district_code
            and fails.uscc = told_months.uscc
            and told_months.stat_period between fails.first_report and fails.stat_period
    inner join invoices
        on
            fails.district_code = invoices.district_code
            and fails.uscc = invoices.uscc
            and last_day(told_months.month_end + to_months(fails.shift)) = invoices.stat_period

),

evidences as (

    select
        district_code,
        uscc,
        stat_period,
        list(cell order by cell) as evidence
    from cells
    group by district_code, uscc, stat_period

),

final as (

    select
        answered.*,
        'enterprise' as entity_type,
        answered.uscc as entity_id,
        answered.stat_period as anchor_on,
        case
            when answered.outcome = 'fail' and answered.q >= answered.quarantine_above
                then 'quarantine'
            when answered.outcome = 'fail' then 'flag'
        end as severity,
        answered.q as statistic,
        case
            when answered.q >= answered.quarantine_above then answered.quarantine_above
            when answered.q < 0 then answered.flag_below
            else answered.flag_above
        end as threshold,
        answered.reported as observed,
        answered.invoiced as expected,
        answered.months_told as n_used,
        ['merged_firm', 'consolidated_filing', 'shifted_invoices'] as exemptions_checked,
        evidences.evidence,
        {{ sentence(
            '至 {} 的 {} 个月申报 {} 万元，开票（移动 {} 个月后最接近）{} 万元',
            [
                'answered.period', 'answered.months_told', 'answered.reported', 'answered.shift',
                'answered.invoiced',
            ],
        ) }} as facts_zh,
        {{ sentence(
            'to {}, {} months: reported {}, nearest when moved {} months, invoiced {} (10,000 yuan)',
            [
                'answered.period', 'answered.months_told', 'answered.reported', 'answered.shift',
                'answered.invoiced',
            ],
        ) }} as facts_en,
        {{ sentence(
            '（申报 - 开票）/ 开票在 {} 与 {} 之间；实为 {}',
            ['answered.flag_below', 'answered.flag_above', 'answered.q'],
        ) }} as relation_zh,
        {{ sentence(
            '(reported - invoiced) / invoiced lies between {} and {}; it is {}',
            ['answered.flag_below', 'answered.flag_above', 'answered.q'],
        ) }} as relation_en
    from answered
    left join evidences
        on
            answered.district_code = evidences.district_code
            and answered.uscc = evidences.uscc
            and answered.stat_period = evidences.stat_period

)

{{ check_answer('final') }}
