-- Whether capital that was paid in is back with the payer's control group within days, over at most
-- so many further payments (checks.md R29).

with recursive

projects as (

    select
        project_id,
        district_code,
        entity_id,
        uscc,
        reporting_unit
    from {{ ref('int_check__project') }}

),

firms as (

    select
        district_code,
        uscc,
        controller_uscc,
        reporting_unit
    from {{ ref('int_enterprise__current') }}

),

names as (

    select
        district_code,
        company_key,
        uscc
    from {{ ref('int_firm_name') }}
    where uscc is not null

),

flows as (

    select
        payment.district_code,
        payment.account_bank,
        payment.flow_no,
        payment.project_id,
        payment.purpose,
        payment.amount,
        payment.paid_at,
        payment.paid_on,
        coalesce(payment.is_cash_pool, false) as is_cash_pool,
        payment.payer_uscc,
        payment.payee_uscc,
        {{ company_key('payment.payer') }} as payer_key,
        {{ company_key('payment.payee') }} as payee_key,
        [
            {{ evidence_cell('payment', 'payment', 'amount', 'payment.amount_yuan') }},
            {{ evidence_cell('payment', 'payment', 'paid_at') }}
        ] as cells
    from {{ ref('fct_payment') }} as payment
    where payment.amount > 0 and payment.paid_at is not null

),

-- checks.md: one control group have the same controller, else the same credit code, else the same
-- name. A party without a code is known by its name where one firm alone has borne it.
parties as (

    select
        flows.*,
        row_number() over (
            order by flows.district_code, flows.account_bank nulls first, flows.flow_no
        ) as flow_id,
        coalesce(flows.payer_uscc, payer_names.uscc, flows.payer_key) as payer,
        coalesce(flows.payee_uscc, payee_names.uscc, flows.payee_key) as payee
    from flows
    left join names as payer_names
        on
            flows.district_code = payer_names.district_code
            and flows.payer_key = payer_names.company_key
    left join names as payee_names
        on
            flows.district_code = payee_names.district_code
            and flows.payee_key = payee_names.company_key

),

grouped as (

    select
        parties.*,
        coalesce(payers.controller_uscc, parties.payer) as payer_group,
        coalesce(payees.controller_uscc, parties.payee) as payee_group,
        payees.reporting_unit as payee_unit
    from parties
    left join firms as payers
        on parties.district_code = payers.district_code and parties.payer = payers.uscc
    left join firms as payees
        on parties.district_code = payees.district_code and parties.payee = payees.uscc

),

inflows as (

    select
        flow_id,
        district_code,
        project_id,
        payee,
        payee_unit,
        payer_group as home,
        amount,
        paid_at,
        cells,
        is_cash_pool,
        paid_at + to_days(cast({{ check_threshold('R29', 'flag_days') }} as integer)) as until_at
    from grouped
    where purpose = '到位资金'

),

-- Money of a registered cash pool is not followed.
onward as (

    select
        flow_id,
        district_code,
        payer,
        payee,
        payee_group,
        amount,
        paid_at,
        cells
    from grouped
    where not is_cash_pool

),

-- Every payment that the money can have gone through, with what can have come this way.
trail as (

    select
        flow_id as inflow_id,
        flow_id,
        district_code,
        payee as first_payee,
        payee as holder,
        home,
        until_at,
        paid_at as since,
        amount as moved,
        0 as hop,
        false as is_back
    from inflows
    where not is_cash_pool

    union

    select
        trail.inflow_id,
        onward.flow_id,
        trail.district_code,
        trail.first_payee,
        onward.payee as holder,
        trail.home,
        trail.until_at,
        onward.paid_at as since,
        least(trail.moved, onward.amount) as moved,
        trail.hop + 1 as hop,
        onward.payee_group = trail.home as is_back
    from trail
    inner join onward
        on
            trail.district_code = onward.district_code
            and trail.holder = onward.payer
            and onward.paid_at between trail.since and trail.until_at
            and trail.first_payee <> onward.payee
            and trail.inflow_id <> onward.flow_id
    where not trail.is_back and trail.hop < {{ check_threshold('R29', 'most_hops') }}

),

steps as (

    select
        inflow_id,
        flow_id,
        max(moved) as moved,
        min(hop) as hop,
        bool_or(is_back) as is_back
    from trail
    group by inflow_id, flow_id

),

-- What a holder sends home is not more than what had reached him.
returns as (

    select
        steps.inflow_id,
        steps.flow_id,
        onward.payer as holder,
        onward.paid_at,
        sum(onward.amount) over (
            partition by steps.inflow_id, onward.payer
            order by onward.paid_at, steps.flow_id
        ) as sent_home
    from steps
    inner join onward on steps.flow_id = onward.flow_id
    where steps.is_back

),

arrivals as (

    select
        returns.inflow_id,
        returns.flow_id,
        sum(steps.moved) as arrived
    from returns
    inner join steps on returns.inflow_id = steps.inflow_id and not steps.is_back
    inner join grouped
        on
            steps.flow_id = grouped.flow_id
            and returns.holder = grouped.payee
            and returns.paid_at >= grouped.paid_at
    group by returns.inflow_id, returns.flow_id

),

capped as (

    select
        returns.inflow_id,
        returns.flow_id,
        returns.holder,
        returns.paid_at,
        least(returns.sent_home, arrivals.arrived) as held
    from returns
    inner join arrivals
        on returns.inflow_id = arrivals.inflow_id and returns.flow_id = arrivals.flow_id

),

increments as (

    select
        *,
        held - coalesce(
            lag(held) over (partition by inflow_id, holder order by paid_at, flow_id), 0
        ) as increment
    from capped

),

back as (

    select
        inflow_id,
        flow_id,
        paid_at,
        sum(increment) over (
            partition by inflow_id
            order by paid_at, flow_id
        ) as returned
    from increments

),

-- The first payment with which enough is home.
reached as (

    select
        inflows.flow_id,
        min(back.paid_at) as home_at,
        arg_min(back.returned, row(back.paid_at, back.flow_id)) as returned
    from inflows
    inner join back on inflows.flow_id = back.inflow_id
    where back.returned >= inflows.amount * {{ check_threshold('R29', 'returned_share') }}
    group by inflows.flow_id

),

partly as (

    select
        inflow_id,
        max(returned) as returned
    from back
    group by inflow_id

),

judged as (

    select
        inflows.flow_id,
        inflows.district_code,
        projects.project_id,
        coalesce(projects.uscc, inflows.payee) as uscc,
        case when projects.project_id is null then 'enterprise' else 'project' end as entity_type,
        coalesce(projects.entity_id, inflows.payee) as entity_id,
        coalesce(projects.reporting_unit, inflows.payee_unit) as reporting_unit,
        strftime(inflows.paid_at, '%Y-%m') as period,
        cast(last_day(inflows.paid_at) as date) as anchor_on,
        inflows.amount,
        inflows.paid_at,
        inflows.is_cash_pool,
        inflows.cells,
        reached.home_at,
        coalesce(reached.returned, partly.returned, 0) as returned,
        {{ significant('coalesce(reached.returned, partly.returned, 0) / inflows.amount') }}
            as returned_share,
        case
            when reached.home_at is null then null
            when
                reached.home_at <= inflows.paid_at
                + to_days(cast({{ check_threshold('R29', 'quarantine_days') }} as integer))
                then 'quarantine'
            else 'flag'
        end as severity
    from inflows
    left join projects on inflows.project_id = projects.project_id
    left join reached on inflows.flow_id = reached.flow_id
    left join partly on inflows.flow_id = partly.inflow_id

),

-- Of the payments between, those that fed a return: seen from home backwards.
upstream as (

    select
        judged.flow_id as inflow_id,
        back.flow_id
    from judged
    inner join back on judged.flow_id = back.inflow_id and judged.home_at >= back.paid_at
    where judged.severity is not null

    union

    select
        upstream.inflow_id,
        before.flow_id
    from upstream
    inner join onward as after on upstream.flow_id = after.flow_id
    inner join steps
        on upstream.inflow_id = steps.inflow_id and not steps.is_back and steps.hop > 0
    inner join onward as before
        on
            steps.flow_id = before.flow_id
            and after.payer = before.payee
            and after.paid_at >= before.paid_at

),

way_home as (

    select
        upstream.inflow_id,
        count(*) as payments,
        flatten(list(onward.cells order by onward.paid_at, onward.flow_id)) as cells
    from upstream
    inner join onward on upstream.flow_id = onward.flow_id
    group by upstream.inflow_id

),

months as (

    select
        *,
        count(*) over unit_month as inflow_count,
        bool_and(is_cash_pool) over unit_month as is_all_pool
    from judged
    window unit_month as (partition by district_code, entity_type, entity_id, period)
    qualify
        row_number() over (
            partition by district_code, entity_type, entity_id, period
            order by
                {{ severity_rank('severity') }} desc,
                case when severity is not null then home_at end,
                returned_share desc,
                flow_id
        ) = 1

),

silent as (

    select
        projects.district_code,
        projects.project_id,
        projects.entity_id,
        projects.uscc,
        projects.reporting_unit
    from projects
    left join inflows on projects.project_id = inflows.project_id
    where inflows.project_id is null

),

final as (

    select
        months.district_code,
        months.entity_type,
        months.entity_id,
        months.reporting_unit,
        months.period,
        months.anchor_on,
        months.project_id,
        months.uscc,
        case
            when months.is_all_pool then 'na'
            when months.severity is not null then 'fail'
            else 'pass'
        end as outcome,
        case when months.is_all_pool then 'cash_pool' end as na_reason,
        months.severity,
        months.returned_share as statistic,
        {{ check_threshold('R29', 'returned_share') }} as threshold,
        months.returned as observed,
        cast(months.amount * {{ check_threshold('R29', 'returned_share') }} as decimal(20, 4))
            as expected,
        months.inflow_count as n_used,
        ['cash_pool'] as exemptions_checked,
        case
            when months.severity is null then {{ no_evidence() }}
            else list_concat(months.cells, way_home.cells)
        end as evidence,
        {{ sentence(
            '{} 到位资金 {} 万元；至 {} 经 {} 笔付款有 {} 万元回到付款方及其同一控制下的单位，占 {}',
            [
                'months.paid_at', 'months.amount', 'months.home_at', 'way_home.payments',
                'months.returned', 'months.returned_share',
            ],
        ) }} as facts_zh,
        {{ sentence(
            'paid in {}: {}; by {}, over {} payments, {} is back with the payer or its group, a share of {}',
            [
                'months.paid_at', 'months.amount', 'months.home_at', 'way_home.payments',
                'months.returned', 'months.returned_share',
            ],
        ) }} as facts_en,
        {{ sentence(
            '到位后 {} 天内、{} 笔转手之内回到付款方的少于 {} 成',
            [
                check_threshold('R29', 'flag_days'), check_threshold('R29', 'most_hops'),
                'cast(10 * ' ~ check_threshold('R29', 'returned_share') ~ ' as decimal(6, 2))',
            ],
        ) }} as relation_zh,
        {{ sentence(
            'within {} days and {} hops less than a share of {} is back with the payer',
            [
                check_threshold('R29', 'flag_days'), check_threshold('R29', 'most_hops'),
                check_threshold('R29', 'returned_share'),
            ],
        ) }} as relation_en
    from months
    left join way_home on months.flow_id = way_home.inflow_id

    union all by name

    select
        district_code,
        'project' as entity_type,
        entity_id,
        reporting_unit,
        project_id,
        uscc,
        'na' as outcome,
        'no_inflow' as na_reason
    from silent

)

{{ check_answer('final') }}
