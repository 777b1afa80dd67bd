with

projects as (

    select
        district_code,
        project_id,
        entity_id,
        reporting_unit,
        uscc,
        approval_path,
        commitment_date
    from {{ ref('int_check__project') }}

),

rules as (

    select
        cast({{ check_threshold('R31', 'idle_months') }} as integer) as idle_months,
        cast({{ check_threshold('R31', 'forfeit_months') }} as integer) as forfeit_months,
        cast({{ check_threshold('R31', 'stopped_months') }} as integer) as stopped_months,
        cast({{ check_threshold('R31', 'permit_months') }} as integer) as permit_months,
        cast({{ check_threshold('R31', 'power_months_before') }} as integer)
            as power_months_before,
        cast({{ check_threshold('R31', 'source_lag_days') }} as integer) as source_lag_days,
        {{ check_threshold('R31', 'area_divisor') }} as area_divisor,
        {{ check_threshold('R31', 'investment_share') }} as investment_share,
        {{ check_threshold('R31', 'power_step') }} as power_step

),

deliveries as (

    select
        district_code,
        max(last_received_on) filter (where source = 'permit') as permit_received_on,
        max(last_received_on) filter (where source = 'fai') as fai_received_on,
        max(last_received_on) filter (where source = 'payment') as payment_received_on,
        max(last_received_on) filter (where source = 'power') as power_received_on
    from {{ ref('int_check__delivered') }}
    group by district_code

),

parcels as (

    select
        project_id,
        land_supervision_no,
        agreed_start_date,
        land_area,
        agreed_far_min,
        {{ evidence_cell('land', 'land', 'agreed_start_date') }} as start_cell,
        {{ evidence_cell('land', 'land', 'land_area') }} as area_cell,
        {{ evidence_cell('land', 'land', 'agreed_far_min') }} as far_cell
    from {{ ref('fct_land') }} as land
    where project_id is not null

),

-- checks.md: a third of the area is land_area x agreed_far_min / 3; areas land in mu.
lands as (

    select
        project_id,
        min(agreed_start_date) as agreed_on,
        arg_min(start_cell, row(agreed_start_date, land_supervision_no)) filter (
            where agreed_start_date is not null
        ) as agreed_cell,
        cast(
            sum(land_area * agreed_far_min) * {{ rule('land_rule', 'square_metres_per_mu') }}
            as decimal(18, 2)
        ) as agreed_floor_area,
        list(area_cell order by land_supervision_no)
        || list(far_cell order by land_supervision_no) as area_cells
    from parcels
    group by project_id

),

permits as (

    select
        project_id,
        construction_permit_no,
        permitted_on,
        permit_floor_area,
        is_accepted,
        {{ evidence_cell('permit', 'permit', 'construction_permit_date', 'permit.permitted_on') }}
            as permit_cell,
        {{ evidence_cell('permit', 'permit', 'permit_floor_area') }} as area_cell
    from {{ ref('fct_permit') }} as permit
    where project_id is not null and not is_withdrawn

),

permitted as (

    select
        project_id,
        min(permitted_on) as permitted_on,
        arg_min(permit_cell, row(permitted_on, construction_permit_no)) filter (
            where permitted_on is not null
        ) as permit_cell,
        sum(permit_floor_area) as permit_floor_area,
        list(area_cell order by construction_permit_no) as area_cells,
        bool_or(is_accepted) as is_accepted
    from permits
    group by project_id

),

completed as (

    select project_id
    from {{ ref('int_check__recognition') }}
    where recognition_kind = '竣工'

),

reports as (

    select
        project_id,
        stat_period,
        investment_month,
        investment_cum,
        planned_investment,
        month_cells,
        cum_cells,
        plan_cells
    from {{ ref('int_check__investment') }}

),

last_reports as (

    select
        projects.district_code,
        max(reports.stat_period) as last_period
    from reports
    inner join projects on reports.project_id = projects.project_id
    group by projects.district_code

),

invested as (

    select
        project_id,
        max(stat_period) filter (where investment_month > 0) as last_busy_on,
        arg_max(month_cells, stat_period) filter (where investment_month > 0) as busy_cells,
        arg_max(investment_cum, stat_period) as investment_cum,
        arg_max(planned_investment, stat_period) as planned_investment,
        arg_max(cum_cells, stat_period) || arg_max(plan_cells, stat_period) as cum_cells
    from reports
    group by project_id

),

payments as (

    select
        project_id,
        paid_on,
        account_bank,
        flow_no,
        {{ evidence_cell('payment', 'payment', 'paid_at') }} as cell
    from {{ ref('fct_payment') }} as payment
    where project_id is not null and purpose in ('土建', '设备') and amount > 0

),

paid as (

    select
        project_id,
        max(paid_on) as last_paid_on,
        arg_max(cell, row(paid_on, account_bank, flow_no)) as paid_cell
    from payments
    group by project_id

),

measured as (

    select
        projects.district_code,
        projects.project_id,
        projects.entity_id,
        projects.reporting_unit,
        projects.uscc,
        lands.project_id is not null as has_land,
        permitted.project_id is not null as has_permit,
        lands.agreed_on,
        lands.agreed_cell,
        lands.area_cells as land_cells,
        lands.agreed_floor_area,
        permitted.permitted_on,
        permitted.permit_cell,
        permitted.area_cells as permit_cells,
        coalesce(permitted.permit_floor_area, 0) as permit_floor_area,
        invested.last_busy_on,
        invested.busy_cells,
        paid.paid_cell,
        invested.investment_cum,
        invested.planned_investment,
        invested.cum_cells,
        last_reports.last_period,
        paid.last_paid_on,
        completed.project_id is not null or coalesce(permitted.is_accepted, false)
            as is_completed,
        coalesce(
            projects.approval_path in ('承诺制', '容缺受理', '拿地即开工', '分阶段')
            and projects.commitment_date is not null
            and invested.last_busy_on is not null,
            false
        ) as is_committed,
        -- Date arithmetic once: the day on which each term ran out.
        cast(lands.agreed_on + to_months(rules.idle_months) as date) as idle_on,
        cast(lands.agreed_on + to_months(rules.forfeit_months) as date) as forfeit_on,
        -- Works or equipment that were paid later show that the works went on.
        greatest(invested.last_busy_on, last_day(paid.last_paid_on)) as last_active_on,
        cast(permitted.permitted_on + to_months(rules.permit_months) as date) as void_on,
        last_day(permitted.permitted_on) as permit_month_end,
        deliveries.permit_received_on,
        least(
            coalesce(deliveries.fai_received_on, date '1900-01-01'),
            coalesce(deliveries.payment_received_on, date '1900-01-01'),
            coalesce(deliveries.power_received_on, date '1900-01-01')
        ) as works_received_on,
        rules.*
    from projects
    cross join rules
    left join lands on projects.project_id = lands.project_id
    left join permitted on projects.project_id = permitted.project_id
    left join invested on projects.project_id = invested.project_id
    left join paid on projects.project_id = paid.project_id
    left join completed on projects.project_id = completed.project_id
    left join last_reports on projects.district_code = last_reports.district_code
    left join deliveries on projects.district_code = deliveries.district_code

),

-- Permits that nothing seems to have followed: only their firms' power is still asked.
quiet as (

    select
        district_code,
        project_id,
        uscc,
        permit_month_end,
        power_months_before,
        power_step
    from measured
    where
        void_on < {{ as_of() }}
        and not is_completed
        and coalesce(last_busy_on < permit_month_end, true)
        and coalesce(last_paid_on < permitted_on, true)

),

power as (

    select
        quiet.project_id,
        quiet.permit_month_end,
        quiet.power_months_before,
        quiet.power_step,
        readings.stat_period,
        readings.consumed_kwh
    from quiet
    inner join {{ ref('fct_power_month') }} as readings
        on
            quiet.district_code = readings.district_code
            and (quiet.uscc = readings.uscc or quiet.project_id = readings.project_id)

),

power_months as (

    select
        project_id,
        stat_period,
        any_value(permit_month_end) as permit_month_end,
        any_value(power_months_before) as power_months_before,
        any_value(power_step) as power_step,
        sum(consumed_kwh) as consumed_kwh
    from power
    group by project_id, stat_period

),

-- A step needs something before it; where nothing was used before, any use is one.
stepped as (

    select project_id
    from power_months
    group by project_id
    having
        max(consumed_kwh) filter (where stat_period >= permit_month_end)
        >= coalesce(
            nullif(
                avg(consumed_kwh) filter (
                    where
                    stat_period < permit_month_end
                    and stat_period
                    >= last_day(permit_month_end - to_months(power_months_before))
                ),
                0
            ) * any_value(power_step),
            0.01
        )

),

clauses as (

    select
        measured.*,
        (
            measured.has_land
            and not measured.has_permit
            and not measured.is_committed
            and measured.idle_on < {{ as_of() }}
        ) as is_overdue,
        coalesce(
            (measured.has_land or measured.has_permit)
            and not measured.is_completed
            and last_day(measured.last_active_on + to_months(measured.stopped_months))
            <= measured.last_period
            and (
                measured.investment_cum < measured.planned_investment * measured.investment_share
                or measured.permit_floor_area < measured.agreed_floor_area / measured.area_divisor
            ),
            false
        ) as is_stopped,
        quiet.project_id is not null and stepped.project_id is null as is_void,
        coalesce(
            measured.permit_received_on >= measured.idle_on - measured.source_lag_days, false
        ) as saw_permits,
        coalesce(
            measured.works_received_on >= measured.void_on - measured.source_lag_days, false
        ) as saw_works
    from measured
    left join quiet on measured.project_id = quiet.project_id
    left join stepped on measured.project_id = stepped.project_id

),

judged as (

    select
        *,
        case
            when is_overdue and saw_permits then 'overdue'
            when is_stopped then 'stopped'
            when is_void and saw_works then 'void'
        end as clause,
        investment_cum < planned_investment * investment_share as is_short_of_money,
        case
            when is_overdue and saw_permits then datesub('month', agreed_on, {{ as_of() }})
            when is_stopped then datediff('month', last_active_on, last_period)
            when is_void and saw_works then datesub('month', permitted_on, {{ as_of() }})
        end as months,
        case
            when is_overdue and saw_permits and forfeit_on < {{ as_of() }} then forfeit_months
            when is_overdue and saw_permits then idle_months
            when is_stopped then stopped_months
            when is_void and saw_works then permit_months
        end as term,
        case
            when not has_land and not has_permit then 'no_land_or_permit'
            when
                not (is_overdue and saw_permits) and not is_stopped and not (is_void and saw_works)
                and (is_overdue or is_void)
                then 'source_not_delivered'
        end as na_reason
    from clauses

),

final as (

    select
        *,
        'project' as entity_type,
        case
            when na_reason is not null then 'na'
            when clause is not null then 'fail'
            else 'pass'
        end as outcome,
        case when na_reason is null and clause is not null then 'flag' end as severity,
        months as statistic,
        term as threshold,
        months as observed,
        term as expected,
        ['commitment', 'completed', 'works_paid'] as exemptions_checked,
        case clause
            when 'overdue' then [agreed_cell]
            when 'stopped'
                then list_filter(
                    busy_cells
                    || case when last_paid_on > last_busy_on then [paid_cell] else [] end
                    || case
                        when is_short_of_money then cum_cells else coalesce(permit_cells, [])
                    end
                    || case when is_short_of_money then [] else land_cells end,
                    lambda c: c.value is not null
                )
            when 'void' then [permit_cell]
            else {{ no_evidence() }}
        end as evidence,
        case clause
            when 'overdue'
                then {{ sentence(
                    '土地约定 {} 开工，至 {} 没有施工许可，已 {} 个月', ['agreed_on', as_of(), 'months'],
                ) }}
            when 'stopped'
                then case
                    when is_short_of_money
                        then {{ sentence(
                            '{} 之后没有投资和工程付款，已 {} 个月；累计完成 {} 万元，计划 {} 万元',
                            ['last_active_on', 'months', 'investment_cum', 'planned_investment'],
                        ) }}
                    else {{ sentence(
                        '{} 之后没有投资和工程付款，已 {} 个月；许可面积合计 {} 平方米，约定最小建筑面积 {} 平方米',
                        ['last_active_on', 'months', 'permit_floor_area', 'agreed_floor_area'],
                    ) }}
                end
            else {{ sentence(
                '{} 取得施工许可，至 {} 已 {} 个月，没有投资、工程付款和动工用电',
                ['permitted_on', as_of(), 'months'],
            ) }}
        end as facts_zh,
        case clause
            when 'overdue'
                then {{ sentence(
                    'land to be begun on {}; by {}, {} months on, there is no permit',
                    ['agreed_on', as_of(), 'months'],
                ) }}
            when 'stopped'
                then case
                    when is_short_of_money
                        then {{ sentence(
                            'no investment or payment after {}, {} months; {} of {} planned',
                            ['last_active_on', 'months', 'investment_cum', 'planned_investment'],
                        ) }}
                    else {{ sentence(
                        'no investment or payment after {}, {} months; permits for {} of {} m2',
                        ['last_active_on', 'months', 'permit_floor_area', 'agreed_floor_area'],
                    ) }}
                end
            else {{ sentence(
                'permitted on {}; by {}, {} months on, no investment, payment for works or power',
                ['permitted_on', as_of(), 'months'],
            ) }}
        end as facts_en,
        case clause
            when 'overdue'
                then {{ sentence(
                    '约定开工日后 {} 个月内动工（满 {} 个月可无偿收回）',
                    ['idle_months', 'forfeit_months'],
                ) }}
            when 'stopped'
                then {{ sentence(
                    '面积不足 1/{} 或投资不足计划的 {} 时，停工不满 {} 个月',
                    ['area_divisor', 'investment_share', 'stopped_months'],
                ) }}
            else {{ sentence(
                '施工许可 {} 个月内开工，逾期自行失效', ['permit_months'],
            ) }}
        end as relation_zh,
        case clause
            when 'overdue'
                then {{ sentence(
                    'begun within {} months of the agreed start (after {} it may be taken)',
                    ['idle_months', 'forfeit_months'],
                ) }}
            when 'stopped'
                then {{ sentence(
                    'under 1/{} of the area or {} of the plan, a stop is shorter than {} months',
                    ['area_divisor', 'investment_share', 'stopped_months'],
                ) }}
            else {{ sentence(
                'works begin within {} months of the permit, or it is void', ['permit_months'],
            ) }}
        end as relation_en
    from judged

)

{{ check_answer('final') }}
