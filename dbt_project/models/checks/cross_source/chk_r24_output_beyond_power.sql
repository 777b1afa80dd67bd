with

panel as (

    select
        district_code,
        uscc,
        stat_period,
        months_held,
        na_reason,
        output_value,
        covered_kwh
    from {{ ref('int_check__power_panel') }}
    where is_own_cell

),

fitted as (

    select
        district_code,
        uscc,
        stat_period,
        firms,
        slope,
        residual,
        z
    from {{ ref('int_check__power_fit') }}

),

firm_months as (

    select
        district_code,
        uscc,
        stat_period,
        period,
        reporting_unit,
        months_covered
    from {{ ref('int_check__firm_month') }}
    where output_value is not null

),

readings as (

    select
        district_code,
        uscc,
        stat_period,
        {{ evidence_cell('power', 'power', 'power_kwh') }} as cell
    from {{ ref('fct_power_month') }} as power

),

reports as (

    select
        district_code,
        uscc,
        stat_period,
        {{ evidence_cell('output', 'output', 'output_value') }} as cell
    from {{ ref('fct_output_month') }} as output

),

rules as (

    select
        {{ check_threshold('R24', 'odd_z') }} as odd_z,
        {{ check_threshold('R24', 'odd_months') }} as least_odd_months,
        {{ check_threshold('R24', 'leap_ratio') }} as leap_ratio,
        {{ check_threshold('R24', 'minimum_months') }} as minimum_months,
        {{ check_threshold('R24', 'minimum_peers') }} as minimum_peers

),

-- How odd the last three months are in which the firm made something and used power.
followed as (

    select
        fitted.*,
        count(*) over three as months_seen,
        count(*) filter (where fitted.z > rules.odd_z) over three as odd_months
    from fitted
    cross join rules
    window
        three as (
            partition by fitted.district_code, fitted.uscc
            order by fitted.stat_period
            rows between 2 preceding and current row
        )

),

earlier as (

    select
        district_code,
        uscc,
        stat_period,
        output_value,
        covered_kwh
    from panel
    where output_value > 0 and covered_kwh > 0

),

measured as (

    select
        panel.district_code,
        panel.uscc,
        panel.stat_period,
        panel.output_value,
        panel.covered_kwh,
        panel.months_held,
        panel.na_reason as panel_reason,
        firm_months.period,
        firm_months.reporting_unit,
        firm_months.months_covered,
        followed.firms,
        followed.months_seen,
        followed.odd_months,
        followed.slope,
        followed.residual,
        followed.z,
        earlier.output_value as output_before,
        earlier.covered_kwh as kwh_before,
        case
            when followed.uscc is not null and earlier.uscc is not null
                then {{ significant(
                    'ln(cast(panel.output_value as double) / cast(earlier.output_value as double))'
                    ' - followed.slope'
                    ' * ln(cast(panel.covered_kwh as double) / cast(earlier.covered_kwh as double))'
                ) }}
        end as leap
    from panel
    inner join firm_months
        on
            panel.district_code = firm_months.district_code
            and panel.uscc = firm_months.uscc
            and panel.stat_period = firm_months.stat_period
    left join followed
        on
            panel.district_code = followed.district_code
            and panel.uscc = followed.uscc
            and panel.stat_period = followed.stat_period
    left join earlier
        on
            panel.district_code = earlier.district_code
            and panel.uscc = earlier.uscc
            and last_day(panel.stat_period - interval 12 month) = earlier.stat_period

),

judged as (

    select
        measured.*,
        rules.odd_z,
        rules.leap_ratio,
        case
            when measured.panel_reason is not null then measured.panel_reason
            when measured.months_held < rules.minimum_months then 'months_too_few'
            when measured.slope is null then 'no_output_or_power'
            when measured.firms <= rules.minimum_peers then 'peers_too_few'
            when measured.z is null then 'no_spread'
            when measured.months_seen < 3 or measured.leap is null then 'no_month_a_year_before'
        end as na_reason,
        coalesce(
            measured.odd_months >= rules.least_odd_months
            and measured.leap > ln(cast(rules.leap_ratio as double)),
            false
        ) as is_beyond
    from measured
    cross join rules

),

answered as (

    select
        *,
        case
            when na_reason is not null then 'na'
            when is_beyond then 'fail'
            else 'pass'
        end as outcome
    from judged

),

-- Only a fail shows its cells: this month and the same a year before, with January where
-- February's report covers it.
fails as (

    select
        answered.district_code,
        answered.uscc,
        answered.stat_period,
        last_day(answered.stat_period - to_months(years.back)) as told_on,
        case
            when answered.months_covered = 2
                then last_day(answered.stat_period - to_months(years.back + 1))
            else last_day(answered.stat_period - to_months(years.back))
        end as read_from
    from answered
    cross join (values (0), (12)) as years (back)
    where answered.outcome = 'fail'

),

cells as (

    select
        fails.district_code,
        fails.uscc,
        fails.stat_period,
        readings.cell
    from fails
    inner join readings
        on
            fails.district_code = readings.district_code
            and fails.uscc = readings.uscc
            and readings.stat_period between fails.read_from and fails.told_on

    union all

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
            and fails.told_on = reports.stat_period

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
        case when answered.outcome = 'fail' then 'flag' end as severity,
        answered.z as statistic,
        answered.odd_z as threshold,
        answered.output_value as observed,
        case
            when answered.outcome <> 'na'
                then try_cast(
                    cast(answered.output_value as double) / exp(answered.residual)
                    as decimal(24, 6)
                )
        end as expected,
        answered.firms - 1 as n_used,
        [
            'accounts_not_mapped', 'shared_meter', 'own_generation', 'negligible_power',
        ] as exemptions_checked,
        evidences.evidence,
        {{ sentence(
            '{} 报总产值 {} 万元、用电 {} 千瓦时，上年同月 {} 万元、{} 千瓦时；近三个月有 {} 个月偏离同行',
            [
                'answered.period', 'answered.output_value', 'answered.covered_kwh',
                'answered.output_before', 'answered.kwh_before', 'answered.odd_months',
            ],
        ) }} as facts_zh,
        {{ sentence(
            '{}: output {} (10,000 yuan) and {} kWh, a year before {} and {} kWh;'
            ' {} of the last three months depart from the peers',
            [
                'answered.period', 'answered.output_value', 'answered.covered_kwh',
                'answered.output_before', 'answered.kwh_before', 'answered.odd_months',
            ],
        ) }} as facts_en,
        {{ sentence(
            '产值同比与用电同比的 {} 次方相当，相差不超过 {} 倍；与同行 {} 户的偏离不超过 {} 个稳健标准差，本月 {}',
            [
                significant('answered.slope', 4), 'answered.leap_ratio', 'answered.firms - 1',
                'answered.odd_z', significant('answered.z', 4),
            ],
        ) }} as relation_zh,
        {{ sentence(
            'output follows power to the power of {} within {} x of a year before; it is no more than'
            ' {} robust deviations from {} peers: this month {}',
            [
                significant('answered.slope', 4), 'answered.leap_ratio', 'answered.odd_z',
                'answered.firms - 1', significant('answered.z', 4),
            ],
        ) }} as relation_en
    from answered
    left join evidences
        on
            answered.district_code = evidences.district_code
            and answered.uscc = evidences.uscc
            and answered.stat_period = evidences.stat_period

)

{{ check_answer('final') }}
