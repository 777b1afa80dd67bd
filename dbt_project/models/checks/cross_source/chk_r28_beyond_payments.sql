-- Cumulative investment against what builders, sellers of machines and of land were paid by three
-- months later (checks.md R28).

with

spine as (

    select
        project_id,
        district_code,
        entity_id,
        uscc,
        reporting_unit,
        stat_period,
        period
    from {{ ref('int_check__project_month') }}

),

projects as (

    select
        project_id,
        district_code,
        uscc
    from {{ ref('int_check__project') }}

),

reports as (

    select
        project_id,
        project_code,
        stat_period,
        investment_ytd,
        investment_cum,
        coalesce(investment_equipment, 0) as investment_equipment,
        {{ evidence_cell('fai', 'fai', 'investment_equipment') }} as equipment_cell
    from {{ ref('int_check__fai') }} as fai

),

investment as (

    select
        project_id,
        stat_period,
        investment_cum,
        cum_cells,
        cast(
            last_day(
                stat_period
                + to_months(cast({{ check_threshold('R28', 'months_after') }} as integer))
            ) as date
        ) as paid_until
    from {{ ref('int_check__investment') }}

),

documents as (

    select
        project_id,
        coalesce(permitted_on, filed_on) as begins_on
    from {{ ref('int_check__start') }}

),

coverage as (

    select
        project_id,
        stat_period,
        has_payments,
        is_covered
    from {{ ref('int_check__payment_month') }}

),

payments as (

    select
        project_id,
        district_code,
        flow_no,
        account_bank,
        paid_on,
        purpose,
        amount,
        {{ evidence_cell('payment', 'payment', 'amount', 'payment.amount_yuan') }} as cell
    from {{ ref('fct_payment') }} as payment
    where project_id is not null and purpose in ('土建', '设备', '土地')

),

lands as (

    select
        project_id,
        land_supervision_no,
        contract_signed_on,
        land_price,
        {{ evidence_cell('land', 'land', 'land_price') }} as cell
    from {{ ref('fct_land') }} as land
    where project_id is not null and land_price > 0

),

purchases as (

    select
        district_code,
        uscc,
        stat_period,
        equipment_purchases,
        {{ evidence_cell('sales', 'sales', 'equipment_purchases') }} as cell
    from {{ ref('fct_sales_month') }} as sales
    where equipment_purchases > 0

),

-- The months of payments that have been delivered: nothing is concluded from those still to come.
delivered as (

    select
        district_code,
        max(last_day(paid_on)) as last_month
    from {{ ref('fct_payment') }}
    group by district_code

),

-- An investment of before the first report was paid before the accounts were watched.
first_reports as (

    select
        project_id,
        project_code,
        arg_min(investment_cum, stat_period) as first_cum,
        arg_min(investment_ytd, stat_period) as first_ytd
    from reports
    group by project_id, project_code

),

begun as (

    select
        project_id,
        bool_or(first_cum <> first_ytd) as is_begun
    from first_reports
    group by project_id

),

-- Equipment is year-to-date: the last figure of each code and year up to a month.
yearly_equipment as (

    select
        investment.project_id,
        investment.stat_period,
        arg_max(reports.investment_equipment, reports.stat_period) as equipment,
        arg_max(reports.equipment_cell, reports.stat_period) as equipment_cell
    from investment
    inner join reports
        on
            investment.project_id = reports.project_id
            and investment.stat_period >= reports.stat_period
    group by
        investment.project_id, investment.stat_period, reports.project_code,
        year(reports.stat_period)

),

equipment as (

    select
        project_id,
        stat_period,
        sum(equipment) as equipment,
        list(
            equipment_cell
            order by
                struct_extract(equipment_cell, 'file_sha256'),
                struct_extract(equipment_cell, 'row_number')
        ) filter (where equipment > 0) as equipment_cells
    from yearly_equipment
    group by project_id, stat_period

),

whole_equipment as (

    select
        project_id,
        arg_max(equipment, stat_period) as equipment
    from equipment
    group by project_id

),

-- A firm's purchases belong to its projects by the machines that each has reported.
shares as (

    select
        projects.project_id,
        projects.district_code,
        projects.uscc,
        whole.equipment
        / nullif(sum(whole.equipment) over (partition by projects.district_code, projects.uscc), 0)
            as share
    from projects
    inner join whole_equipment as whole on projects.project_id = whole.project_id

),

paid as (

    select
        investment.project_id,
        investment.stat_period,
        sum(payments.amount) filter (where payments.purpose = '土建') as works,
        sum(payments.amount) filter (where payments.purpose = '设备') as machines,
        sum(payments.amount) filter (where payments.purpose = '土地') as land
    from investment
    inner join payments
        on
            investment.project_id = payments.project_id
            and investment.paid_until >= payments.paid_on
    group by investment.project_id, investment.stat_period

),

bought as (

    select
        investment.project_id,
        investment.stat_period,
        max(shares.share) as share,
        cast(sum(purchases.equipment_purchases) * max(shares.share) as decimal(24, 4)) as machines
    from investment
    inner join shares on investment.project_id = shares.project_id
    inner join purchases
        on
            shares.district_code = purchases.district_code
            and shares.uscc = purchases.uscc
            and investment.paid_until >= purchases.stat_period
    group by investment.project_id, investment.stat_period

),

priced as (

    select
        investment.project_id,
        investment.stat_period,
        sum(lands.land_price) as price
    from investment
    inner join lands
        on
            investment.project_id = lands.project_id
            and investment.paid_until >= lands.contract_signed_on
    group by investment.project_id, investment.stat_period

),

power as (

    select
        district_code,
        uscc,
        stat_period,
        sum(power_kwh) as kwh
    from {{ ref('fct_power_month') }}
    where uscc is not null
    group by district_code, uscc, stat_period

),

-- A power step: a month of three times the mean of the six months before the permit, or the first
-- month with power.
before as (

    select
        projects.project_id,
        avg(power.kwh) as kwh
    from projects
    inner join documents on projects.project_id = documents.project_id
    inner join power
        on
            projects.district_code = power.district_code
            and projects.uscc = power.uscc
            and date_trunc('month', documents.begins_on) > power.stat_period
            and date_trunc('month', documents.begins_on)
            - to_months(cast({{ check_threshold('R28', 'step_months') }} as integer))
            <= power.stat_period
    group by projects.project_id

),

steps as (

    select
        projects.project_id,
        bool_or(
            case
                when coalesce(before.kwh, 0) = 0 then power.kwh > 0
                else power.kwh >= before.kwh * {{ check_threshold('R28', 'step_ratio') }}
            end
        ) as has_step
    from projects
    inner join documents on projects.project_id = documents.project_id
    inner join power
        on
            projects.district_code = power.district_code
            and projects.uscc = power.uscc
            and date_trunc('month', documents.begins_on) <= power.stat_period
    left join before on projects.project_id = before.project_id
    group by projects.project_id

),

measured as (

    select
        spine.district_code,
        spine.project_id,
        spine.entity_id,
        spine.uscc,
        spine.reporting_unit,
        spine.period,
        spine.stat_period as anchor_on,
        investment.investment_cum,
        investment.cum_cells,
        investment.paid_until,
        equipment.equipment,
        equipment.equipment_cells,
        coalesce(steps.has_step, false) as has_step,
        coalesce(paid.works, 0) as works,
        coalesce(paid.machines, 0) as paid_machines,
        coalesce(bought.machines, 0) as bought_machines,
        coalesce(bought.share, 0) as share,
        coalesce(paid.land, 0) as paid_land,
        coalesce(priced.price, 0) as price,
        greatest(coalesce(paid.machines, 0), coalesce(bought.machines, 0)) as machines,
        greatest(coalesce(paid.land, 0), coalesce(priced.price, 0)) as land,
        case
            when investment.project_id is null then 'no_report'
            when not coalesce(coverage.has_payments, false) then 'no_payments'
            when not coalesce(coverage.is_covered, false) then 'board_coverage'
            when
                investment.paid_until > last_day({{ as_of() }})
                or investment.paid_until > delivered.last_month
                then 'months_not_over'
            when begun.is_begun then 'invested_before_reports'
        end as na_reason
    from spine
    left join investment
        on
            spine.project_id = investment.project_id
            and spine.stat_period = investment.stat_period
    left join coverage
        on spine.project_id = coverage.project_id and spine.stat_period = coverage.stat_period
    left join delivered on spine.district_code = delivered.district_code
    left join begun on spine.project_id = begun.project_id
    left join equipment
        on spine.project_id = equipment.project_id and spine.stat_period = equipment.stat_period
    left join paid
        on spine.project_id = paid.project_id and spine.stat_period = paid.stat_period
    left join bought
        on spine.project_id = bought.project_id and spine.stat_period = bought.stat_period
    left join priced
        on spine.project_id = priced.project_id and spine.stat_period = priced.stat_period
    left join steps on spine.project_id = steps.project_id

),

clauses as (

    select
        *,
        works + machines + land as spent,
        na_reason is null
        and investment_cum > 0
        and investment_cum
        >= (works + machines + land) * {{ check_threshold('R28', 'rho_flag') }} as is_beyond,
        na_reason is null
        and investment_cum > 0
        and investment_cum
        >= (works + machines + land) * {{ check_threshold('R28', 'rho_quarantine') }}
            as is_far_beyond,
        na_reason is null
        and investment_cum > 0
        and equipment > investment_cum * {{ check_threshold('R28', 'equipment_share') }}
        and machines = 0
        and not has_step as lacks_machines
    from measured

),

judged as (

    select
        *,
        case
            when na_reason is not null then 'na'
            when is_beyond or lacks_machines then 'fail'
            else 'pass'
        end as outcome,
        lacks_machines and not is_far_beyond as is_about_machines
    from clauses

),

fails as (

    select
        project_id,
        anchor_on,
        paid_until,
        uscc,
        district_code,
        paid_machines >= bought_machines as are_machines_paid,
        paid_land >= price as is_land_paid
    from judged
    where outcome = 'fail'

),

fail_cells as (

    select
        fails.project_id,
        fails.anchor_on,
        1 as priority,
        row(payments.paid_on, payments.flow_no, payments.account_bank) as position,
        payments.cell
    from fails
    inner join payments
        on fails.project_id = payments.project_id and fails.paid_until >= payments.paid_on
    where
        payments.purpose = '土建'
        or (payments.purpose = '设备' and fails.are_machines_paid)
        or (payments.purpose = '土地' and fails.is_land_paid)

    union all

    select
        fails.project_id,
        fails.anchor_on,
        2 as priority,
        row(purchases.stat_period, fails.uscc, '') as position,
        purchases.cell
    from fails
    inner join purchases
        on
            fails.district_code = purchases.district_code
            and fails.uscc = purchases.uscc
            and fails.paid_until >= purchases.stat_period
    where not fails.are_machines_paid

    union all

    select
        fails.project_id,
        fails.anchor_on,
        3 as priority,
        row(lands.contract_signed_on, lands.land_supervision_no, '') as position,
        lands.cell
    from fails
    inner join lands
        on
            fails.project_id = lands.project_id
            and fails.paid_until >= lands.contract_signed_on
    where not fails.is_land_paid

),

spent_cells as (

    select
        project_id,
        anchor_on,
        list(cell order by priority, position) as cells
    from fail_cells
    group by project_id, anchor_on

),

final as (

    select
        judged.*,
        'project' as entity_type,
        case
            when judged.outcome <> 'fail' then null
            when judged.is_far_beyond or judged.lacks_machines then 'quarantine'
            else 'flag'
        end as severity,
        case
            when judged.is_about_machines then judged.equipment / judged.investment_cum
            else judged.investment_cum / nullif(judged.spent, 0)
        end as statistic,
        case
            when judged.is_about_machines then {{ check_threshold('R28', 'equipment_share') }}
            when judged.is_far_beyond then {{ check_threshold('R28', 'rho_quarantine') }}
            else {{ check_threshold('R28', 'rho_flag') }}
        end as threshold,
        case when judged.is_about_machines then judged.equipment else judged.investment_cum end
            as observed,
        case when judged.is_about_machines then judged.machines else judged.spent end as expected,
        1 as n_used,
        [
            'board_coverage', 'three_months', 'land_price', 'equipment_purchases', 'power_step',
        ] as exemptions_checked,
        case
            when judged.outcome = 'fail'
                then list_concat(
                    judged.cum_cells,
                    list_concat(
                        case
                            when judged.lacks_machines
                                then coalesce(judged.equipment_cells, {{ no_evidence() }})
                            else {{ no_evidence() }}
                        end,
                        coalesce(spent_cells.cells, {{ no_evidence() }})
                    )
                )
            else {{ no_evidence() }}
        end as evidence,
        concat_ws(
            '；',
            {{ sentence(
                '截至 {}，自开始累计完成 {} 万元；至 {} 已付土建 {} 万元，设备 {} 万元（付款与按设备投资份额分摊的采购进项取大），土地 {} 万元',
                [
                    'judged.period', 'judged.investment_cum', 'judged.paid_until', 'judged.works',
                    'judged.machines', 'judged.land',
                ],
            ) }},
            case
                when judged.lacks_machines
                    then {{ sentence(
                        '其中设备投资 {} 万元，没有设备付款、采购进项，用电也没有台阶',
                        ['judged.equipment'],
                    ) }}
            end
        ) as facts_zh,
        concat_ws(
            '; ',
            {{ sentence(
                'by {} the cumulative is {}; by {} works were paid {}, machines {}, land {}',
                [
                    'judged.period', 'judged.investment_cum', 'judged.paid_until', 'judged.works',
                    'judged.machines', 'judged.land',
                ],
            ) }},
            case
                when judged.lacks_machines
                    then {{ sentence(
                        'machines reported {} with no payment, no purchase and no step of power',
                        ['judged.equipment'],
                    ) }}
            end
        ) as facts_en,
        case
            when judged.is_about_machines
                then {{ sentence(
                    '设备投资占比超过 {} 的，应有设备付款、采购进项或用电台阶之一；占 {} 万元中的 {} 万元',
                    [
                        check_threshold('R28', 'equipment_share'), 'judged.investment_cum',
                        'judged.equipment',
                    ],
                ) }}
            else {{ sentence(
                '完成投资不到三个月内实付的 {} 倍；实付合计 {} 万元，差额 {} 万元',
                [
                    check_threshold('R28', 'rho_flag'), 'judged.spent',
                    'judged.investment_cum - judged.spent',
                ],
            ) }}
        end as relation_zh,
        case
            when judged.is_about_machines
                then {{ sentence(
                    'over {} of machines ask for a payment, purchase or power step; {} of {}',
                    [
                        check_threshold('R28', 'equipment_share'), 'judged.equipment',
                        'judged.investment_cum',
                    ],
                ) }}
            else {{ sentence(
                'investment is under {} times what was paid within three months, {}; {} beyond',
                [
                    check_threshold('R28', 'rho_flag'), 'judged.spent',
                    'judged.investment_cum - judged.spent',
                ],
            ) }}
        end as relation_en
    from judged
    left join spent_cells
        on
            judged.project_id = spent_cells.project_id
            and judged.anchor_on = spent_cells.anchor_on

)

{{ check_answer('final') }}
