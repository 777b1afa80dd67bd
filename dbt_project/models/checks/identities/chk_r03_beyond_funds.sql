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
        cum_cells
    from {{ ref('int_check__investment') }}

),

payments as (

    select
        project_id,
        stat_period,
        paid_in,
        land_price,
        has_payments,
        is_covered
    from {{ ref('int_check__payment_month') }}

),

payment_cells as (

    select
        project_id,
        paid_on,
        row(paid_on, flow_no, account_bank) as position,
        {{ evidence_cell('payment', 'payment', 'amount', 'payment.amount_yuan') }} as cell
    from {{ ref('fct_payment') }} as payment
    where purpose = '到位资金' and project_id is not null

),

land_cells as (

    select
        project_id,
        contract_signed_on,
        {{ evidence_cell('land', 'land', 'land_price') }} as cell
    from {{ ref('fct_land') }} as land
    where project_id is not null

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
        investment.cum_cells,
        payments.land_price,
        payments.paid_in + payments.land_price as funds,
        investment.investment_cum - payments.paid_in - payments.land_price as gap,
        case
            when investment.project_id is null then 'no_report'
            when not payments.has_payments then 'no_payments'
            when not payments.is_covered then 'board_coverage'
        end as na_reason
    from spine
    left join investment
        on
            spine.project_id = investment.project_id
            and spine.stat_period = investment.stat_period
    left join payments
        on spine.project_id = payments.project_id and spine.stat_period = payments.stat_period

),

-- Reports in a row whose gap is over half of the cumulative figure.
runs as (

    select
        *,
        na_reason is null
        and gap > investment_cum * {{ check_threshold('R03', 'gap_quarantine') }}
        and gap > {{ check_threshold('R03', 'gap_least') }} as is_wide,
        row_number() over (partition by project_id order by anchor_on) as report_no
    from measured
    where coalesce(na_reason, '') <> 'no_report'

),

counted as (

    select
        project_id,
        anchor_on,
        report_no - coalesce(
            max(case when not is_wide then report_no end) over (
                partition by project_id order by anchor_on
                rows between unbounded preceding and current row
            ),
            0
        ) as wide_run
    from runs

),

judged as (

    select
        measured.*,
        coalesce(counted.wide_run, 0) as wide_run,
        case
            when measured.na_reason is not null then 'na'
            when
                measured.gap > measured.investment_cum * {{ check_threshold('R03', 'gap_flag') }}
                and measured.gap > {{ check_threshold('R03', 'gap_least') }}
                then 'fail'
            else 'pass'
        end as outcome,
        case
            when counted.wide_run >= {{ check_threshold('R03', 'quarantine_periods') }}
                then 'quarantine'
            else 'flag'
        end as severity
    from measured
    left join counted
        on measured.project_id = counted.project_id and measured.anchor_on = counted.anchor_on

),

failed_payments as (

    select
        judged.project_id,
        judged.anchor_on,
        list(payment_cells.cell order by payment_cells.position) as cells
    from judged
    inner join payment_cells
        on
            judged.project_id = payment_cells.project_id
            and judged.anchor_on >= payment_cells.paid_on
    where judged.outcome = 'fail'
    group by judged.project_id, judged.anchor_on

),

failed_lands as (

    select
        judged.project_id,
        judged.anchor_on,
        list(
            land_cells.cell
            order by land_cells.contract_signed_on, struct_extract(land_cells.cell, 'row_number')
        ) as cells
    from judged
    inner join land_cells
        on
            judged.project_id = land_cells.project_id
            and judged.anchor_on >= land_cells.contract_signed_on
    where judged.outcome = 'fail' and judged.land_price > 0
    group by judged.project_id, judged.anchor_on

),

final as (

    select
        judged.* exclude (severity),
        'project' as entity_type,
        case when judged.outcome = 'fail' then judged.severity end as severity,
        judged.gap / nullif(judged.investment_cum, 0) as statistic,
        case judged.severity
            when 'quarantine' then {{ check_threshold('R03', 'gap_quarantine') }}
            else {{ check_threshold('R03', 'gap_flag') }}
        end as threshold,
        judged.investment_cum as observed,
        judged.funds as expected,
        judged.wide_run as n_used,
        ['land_price', 'board_coverage'] as exemptions_checked,
        case
            when judged.outcome = 'fail'
                then list_concat(
                    judged.cum_cells,
                    list_concat(
                        coalesce(failed_payments.cells, {{ no_evidence() }}),
                        coalesce(failed_lands.cells, {{ no_evidence() }})
                    )
                )
            else {{ no_evidence() }}
        end as evidence,
        {{ sentence(
            '截至 {}，自开始累计完成 {} 万元，到位资金与地价合计 {} 万元',
            ['judged.period', 'judged.investment_cum', 'judged.funds'],
        ) }} as facts_zh,
        {{ sentence(
            'by {} the cumulative is {}, capital paid in and land price come to {}',
            ['judged.period', 'judged.investment_cum', 'judged.funds'],
        ) }} as facts_en,
        {{ sentence(
            '完成投资与到位资金之差不超过累计的一成（且不足 200 万元不计）；差额 {} 万元，连续过半 {} 期',
            ['judged.gap', 'judged.wide_run'],
        ) }} as relation_zh,
        {{ sentence(
            'the cumulative is within a tenth of the funds (200 or less apart); {} apart, over half {} times',
            ['judged.gap', 'judged.wide_run'],
        ) }} as relation_en
    from judged
    left join failed_payments
        on
            judged.project_id = failed_payments.project_id
            and judged.anchor_on = failed_payments.anchor_on
    left join failed_lands
        on
            judged.project_id = failed_lands.project_id
            and judged.anchor_on = failed_lands.anchor_on

)

{{ check_answer('final') }}
