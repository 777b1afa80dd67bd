with

taxes as (

    select
        district_code,
        uscc,
        stat_period,
        tax_item,
        tax_in,
        tax_of_trade,
        tax_back
    from {{ ref('int_check__firm_tax_month') }}

),

firms as (

    select
        district_code,
        uscc,
        reporting_unit,
        is_in_register
    from {{ ref('int_check__firm') }}

),

sales as (

    select
        district_code,
        uscc,
        stat_period,
        invoiced_sales,
        {{ evidence_cell('sales', 'sales', 'invoiced_sales') }} as cell
    from {{ ref('fct_sales_month') }} as sales

),

power as (

    select
        district_code,
        uscc,
        stat_period,
        power_kwh,
        {{ evidence_cell('power', 'power', 'power_kwh') }} as cell
    from {{ ref('fct_power_month') }} as power

),

staff as (

    select
        district_code,
        uscc,
        stat_period,
        insured_headcount,
        {{ evidence_cell('social', 'social', 'insured_headcount') }} as cell
    from {{ ref('fct_insured_month') }} as social

),

parcels as (

    select
        district_code,
        uscc,
        contract_sign_date as since_on
    from {{ ref('int_land__parcel') }}
    where uscc is not null

),

leases as (

    select
        district_code,
        uscc,
        counts_from as since_on
    from {{ ref('int_land__lease') }}
    where uscc is not null and leased_floor_area > 0

),

item_scope as (

    select
        tax_item,
        counts_on_target
    from {{ ref('tax_item_scope') }}

),

tax_rows as (

    select
        tax.district_code,
        tax.uscc,
        last_day(coalesce(tax.tax_treasury_date, tax.stat_period)) as stat_period,
        tax.tax_item,
        tax.tax_paid,
        coalesce(tax.tax_subitem like '%退%', false) as is_refund,
        {{ evidence_cell('tax', 'tax', 'tax_paid') }} as cell
    from {{ ref('fct_tax') }} as tax
    left join item_scope on tax.tax_item = item_scope.tax_item
    where coalesce(item_scope.counts_on_target, true)

),

rules as (

    select
        {{ check_threshold('R44', 'large_inflow') }} as large_inflow,
        {{ check_threshold('R44', 'returned_share') }} as returned_share,
        cast({{ check_threshold('R44', 'return_months') }} as integer) as return_months,
        cast({{ check_threshold('R44', 'silent_months') }} as integer) as silent_months

),

-- Firms and the months in which something of theirs moved.
moves as (

    select
        district_code,
        uscc,
        stat_period,
        'sales' as kind
    from sales
    where invoiced_sales > 0

    union all

    select
        district_code,
        uscc,
        stat_period,
        'power' as kind
    from power
    where power_kwh > 0 and uscc is not null

    union all

    select
        district_code,
        uscc,
        stat_period,
        'staff' as kind
    from staff
    where insured_headcount > 0

),

sites as (

    select
        district_code,
        uscc,
        since_on
    from parcels

    union all

    select
        district_code,
        uscc,
        since_on
    from leases

    union all

    select
        district_code,
        uscc,
        stat_period as since_on
    from power
    where uscc is not null

),

premises as (

    select
        district_code,
        uscc,
        min(since_on) as since_on
    from sites
    group by district_code, uscc

),

spans as (

    select
        district_code,
        min(stat_period) as first_period,
        max(stat_period) as last_period
    from sales
    group by district_code

    union all

    select
        district_code,
        min(stat_period) as first_period,
        max(stat_period) as last_period
    from power
    group by district_code

    union all

    select
        district_code,
        min(stat_period) as first_period,
        max(stat_period) as last_period
    from staff
    group by district_code

),

-- The months for which all three were delivered, or nothing can be said of what a firm lacks.
first_deliveries as (

    select
        district_code,
        max(first_period) as first_period,
        min(last_period) as last_period
    from spans
    group by district_code
    having count(*) = 3

),

land_deliveries as (

    select distinct district_code
    from parcels

),

asked as (

    select
        taxes.district_code,
        taxes.uscc,
        taxes.stat_period,
        sum(taxes.tax_in) as tax_in,
        sum(taxes.tax_of_trade) as tax_of_trade,
        any_value(rules.large_inflow) as large_inflow,
        any_value(rules.returned_share) as returned_share,
        any_value(rules.return_months) as return_months,
        any_value(rules.silent_months) as silent_months,
        last_day(taxes.stat_period - to_months(any_value(rules.silent_months))) as silent_from
    from taxes
    cross join rules
    group by taxes.district_code, taxes.uscc, taxes.stat_period
    having sum(taxes.tax_in) > 0

),

-- What came back of each large inflow of one tax within six months: money goes back as the tax that
-- it was paid as.
returns as (

    select
        taxes.district_code,
        taxes.uscc,
        taxes.stat_period,
        taxes.tax_item,
        taxes.tax_in as item_in,
        sum(backs.tax_back) as returned,
        {{ significant(
            'cast(sum(backs.tax_back) as double) / cast(taxes.tax_in as double)'
        ) }} as share
    from taxes
    cross join rules
    inner join taxes as backs
        on
            taxes.district_code = backs.district_code
            and taxes.uscc = backs.uscc
            and taxes.tax_item = backs.tax_item
            and backs.tax_back > 0
            and taxes.stat_period <= backs.stat_period
            and last_day(taxes.stat_period + to_months(rules.return_months)) >= backs.stat_period
    where taxes.tax_in > rules.large_inflow
    group by
        taxes.district_code, taxes.uscc, taxes.stat_period, taxes.tax_item, taxes.tax_in

),

worst_returns as (

    select
        district_code,
        uscc,
        stat_period,
        tax_item,
        item_in,
        returned,
        share
    from returns
    qualify row_number() over (
        partition by district_code, uscc, stat_period order by share desc, tax_item
    ) = 1

),

-- The last month up to the inflow in which the firm sold, used power, had staff.
last_moves as (

    select
        asked.district_code,
        asked.uscc,
        asked.stat_period,
        max(moves.stat_period) filter (where moves.kind = 'sales') as sold_on,
        max(moves.stat_period) filter (where moves.kind = 'power') as used_on,
        max(moves.stat_period) filter (where moves.kind = 'staff') as employed_on
    from asked
    inner join moves
        on
            asked.district_code = moves.district_code
            and asked.uscc = moves.uscc
            and moves.stat_period between asked.silent_from and asked.stat_period
    group by asked.district_code, asked.uscc, asked.stat_period

),

measured as (

    select
        asked.*,
        firms.reporting_unit,
        coalesce(firms.is_in_register, false) as is_in_register,
        worst_returns.tax_item,
        worst_returns.item_in,
        coalesce(worst_returns.returned, 0) as returned,
        coalesce(worst_returns.share, 0) as share,
        last_moves.sold_on is null as sold_nothing,
        last_moves.used_on is null as used_nothing,
        last_moves.employed_on is null as employed_nobody,
        coalesce(premises.since_on <= asked.stat_period, false) as has_premises,
        coalesce(
            asked.silent_from >= first_deliveries.first_period
            and asked.stat_period <= first_deliveries.last_period,
            false
        ) as is_delivered,
        land_deliveries.district_code is not null as has_land
    from asked
    left join firms
        on asked.district_code = firms.district_code and asked.uscc = firms.uscc
    left join worst_returns
        on
            asked.district_code = worst_returns.district_code
            and asked.uscc = worst_returns.uscc
            and asked.stat_period = worst_returns.stat_period
    left join last_moves
        on
            asked.district_code = last_moves.district_code
            and asked.uscc = last_moves.uscc
            and asked.stat_period = last_moves.stat_period
    left join premises
        on asked.district_code = premises.district_code and asked.uscc = premises.uscc
    left join first_deliveries on asked.district_code = first_deliveries.district_code
    left join land_deliveries on asked.district_code = land_deliveries.district_code

),

judged as (

    select
        *,
        share >= returned_share as is_trip,
        is_delivered and tax_of_trade > 0 and sold_nothing and used_nothing as is_idle,
        is_delivered
        and tax_in > large_inflow
        and has_land
        and not has_premises
        and employed_nobody
        and used_nothing as is_shell
    from measured

),

answered as (

    select
        *,
        case
            when not is_in_register then 'na'
            when is_trip or is_idle or is_shell then 'fail'
            when not is_delivered and tax_in <= large_inflow then 'na'
            else 'pass'
        end as outcome,
        case
            when not is_in_register then 'not_in_register'
            when
                not (is_trip or is_idle or is_shell)
                and not is_delivered
                and tax_in <= large_inflow
                then 'sources_not_delivered'
        end as na_reason
    from judged

),

fails as (

    select
        district_code,
        uscc,
        stat_period,
        silent_from,
        case
            when is_trip then last_day(stat_period + to_months(return_months))
            else stat_period
        end as returned_by,
        is_trip,
        tax_item
    from answered
    where outcome = 'fail'

),

cells as (

    select
        fails.district_code,
        fails.uscc,
        fails.stat_period,
        tax_rows.cell
    from fails
    inner join tax_rows
        on
            fails.district_code = tax_rows.district_code
            and fails.uscc = tax_rows.uscc
            and tax_rows.stat_period between fails.stat_period and fails.returned_by
    where
        (
            not fails.is_trip
            and tax_rows.tax_paid > 0
            and fails.stat_period = tax_rows.stat_period
        )
        or (
            fails.is_trip
            and fails.tax_item = tax_rows.tax_item
            and (
                (tax_rows.tax_paid > 0 and fails.stat_period = tax_rows.stat_period)
                or (tax_rows.tax_paid < 0 and not tax_rows.is_refund)
            )
        )

    union all

    select
        fails.district_code,
        fails.uscc,
        fails.stat_period,
        sales.cell
    from fails
    inner join sales
        on
            fails.district_code = sales.district_code
            and fails.uscc = sales.uscc
            and sales.stat_period between fails.silent_from and fails.stat_period
    where not fails.is_trip

    union all

    select
        fails.district_code,
        fails.uscc,
        fails.stat_period,
        power.cell
    from fails
    inner join power
        on
            fails.district_code = power.district_code
            and fails.uscc = power.uscc
            and power.stat_period between fails.silent_from and fails.stat_period
    where not fails.is_trip

    union all

    select
        fails.district_code,
        fails.uscc,
        fails.stat_period,
        staff.cell
    from fails
    inner join staff
        on
            fails.district_code = staff.district_code
            and fails.uscc = staff.uscc
            and staff.stat_period between fails.silent_from and fails.stat_period
    where not fails.is_trip

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
        strftime(answered.stat_period, '%Y-%m') as period,
        answered.stat_period as anchor_on,
        case when answered.outcome = 'fail' then 'flag' end as severity,
        case
            when answered.is_trip or not (answered.is_idle or answered.is_shell)
                then answered.share
            else answered.tax_in
        end as statistic,
        case
            when answered.is_trip or not (answered.is_idle or answered.is_shell)
                then answered.returned_share
            when answered.is_idle then 0
            else answered.large_inflow
        end as threshold,
        case when answered.is_trip then answered.returned else answered.tax_in end as observed,
        case when answered.is_trip or answered.is_idle or answered.is_shell then 0 end as expected,
        1 as n_used,
        ['refund_items', 'taxes_on_land', 'sources_delivered'] as exemptions_checked,
        evidences.evidence,
        case
            when answered.is_trip
                then {{ sentence(
                    '{} 入库{} {} 万元，其后 {} 个月内退回 {} 万元（不含留抵退税和依法退税）',
                    [
                        'strftime(answered.stat_period, \'%Y-%m\')', 'answered.tax_item',
                        'answered.item_in', 'answered.return_months', 'answered.returned',
                    ],
                ) }}
            when answered.is_shell
                then {{ sentence(
                    '{} 入库 {} 万元，而没有用地、租赁和电户，此前 {} 个月无参保、无用电',
                    [
                        'strftime(answered.stat_period, \'%Y-%m\')', 'answered.tax_in',
                        'answered.silent_months',
                    ],
                ) }}
            else {{ sentence(
                '{} 入库 {} 万元，其中经营税收 {} 万元，而此前 {} 个月无开票、无用电',
                [
                    'strftime(answered.stat_period, \'%Y-%m\')', 'answered.tax_in',
                    'answered.tax_of_trade', 'answered.silent_months',
                ],
            ) }}
        end as facts_zh,
        case
            when answered.is_trip
                then {{ sentence(
                    '{}: {} of {} (10,000 yuan); within {} months {} came back, lawful refunds apart',
                    [
                        'strftime(answered.stat_period, \'%Y-%m\')', 'answered.tax_item',
                        'answered.item_in', 'answered.return_months', 'answered.returned',
                    ],
                ) }}
            when answered.is_shell
                then {{ sentence(
                    '{}: {} (10,000 yuan) from a firm without parcel, lease or account, and for {} months'
                    ' without staff or power',
                    [
                        'strftime(answered.stat_period, \'%Y-%m\')', 'answered.tax_in',
                        'answered.silent_months',
                    ],
                ) }}
            else {{ sentence(
                '{}: {} (10,000 yuan), {} of it on trade, from a firm without sales or power for {} months',
                [
                    'strftime(answered.stat_period, \'%Y-%m\')', 'answered.tax_in',
                    'answered.tax_of_trade', 'answered.silent_months',
                ],
            ) }}
        end as facts_en,
        case
            when answered.is_trip
                then {{ sentence(
                    '大额入库税款 {} 个月内退回的不到 {}',
                    ['answered.return_months', 'answered.returned_share'],
                ) }}
            when answered.is_shell
                then {{ sentence(
                    '入库超过 {} 万元的企业应有场所、用工或用电', ['answered.large_inflow'],
                ) }}
            else '有经营税收就应有开票或用电'
        end as relation_zh,
        case
            when answered.is_trip
                then {{ sentence(
                    'within {} months less than {} of a large inflow comes back',
                    ['answered.return_months', 'answered.returned_share'],
                ) }}
            when answered.is_shell
                then {{ sentence(
                    'a firm that pays more than {} has premises, staff or power',
                    ['answered.large_inflow'],
                ) }}
            else 'tax on trade comes with sales or power'
        end as relation_en
    from answered
    left join evidences
        on
            answered.district_code = evidences.district_code
            and answered.uscc = evidences.uscc
            and answered.stat_period = evidences.stat_period

)

{{ check_answer('final') }}
