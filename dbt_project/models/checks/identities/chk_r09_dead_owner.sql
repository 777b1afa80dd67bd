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
        investment_month,
        month_cells
    from {{ ref('int_check__investment') }}

),

outputs as (

    select
        district_code,
        uscc,
        reporting_unit,
        stat_period,
        output_value,
        {{ evidence_cell('output', 'output', 'output_value') }} as cell
    from {{ ref('fct_output_month') }} as output

),

owners as (

    select
        district_code,
        uscc,
        successor_uscc,
        has_successor,
        registered_on,
        enterprise_status,
        ended_on,
        status_cell
    from {{ ref('int_check__owner') }}

),

alive as (

    select
        district_code,
        uscc,
        stat_period
    from {{ ref('int_check__alive_month') }}

),

-- Months for which both insured staff and sales were delivered.
delivered as (

    select distinct
        insured.district_code,
        insured.stat_period
    from {{ ref('fct_insured_month') }} as insured
    inner join {{ ref('fct_sales_month') }} as sales
        on
            insured.district_code = sales.district_code
            and insured.stat_period = sales.stat_period

),

units as (

    select
        spine.district_code,
        'project' as entity_type,
        spine.entity_id,
        spine.reporting_unit,
        spine.period,
        spine.stat_period,
        spine.project_id,
        spine.uscc,
        investment.investment_month as figure,
        investment.month_cells as cells
    from spine
    left join investment
        on
            spine.project_id = investment.project_id
            and spine.stat_period = investment.stat_period

    union all by name

    select
        district_code,
        'enterprise' as entity_type,
        uscc as entity_id,
        reporting_unit,
        strftime(stat_period, '%Y-%m') as period,
        stat_period,
        uscc,
        output_value as figure,
        [cell] as cells
    from outputs

),

-- Only what reports something is asked: how many of the last twelve months were delivered, and in
-- how many of them the firm showed life.
asked as (

    select
        units.district_code,
        units.entity_type,
        units.entity_id,
        units.stat_period,
        owners.successor_uscc,
        owners.has_successor,
        owners.registered_on,
        owners.enterprise_status,
        owners.ended_on,
        owners.status_cell
    from units
    inner join owners
        on units.district_code = owners.district_code and units.uscc = owners.uscc
    where units.figure > 0

),

months_of_life as (

    select
        asked.district_code,
        asked.entity_type,
        asked.entity_id,
        asked.stat_period,
        count(distinct delivered.stat_period) as delivered_months,
        count(distinct alive.stat_period) as alive_months
    from asked
    inner join delivered
        on
            asked.district_code = delivered.district_code
            and asked.stat_period >= delivered.stat_period
            and last_day(asked.stat_period - interval 12 month) < delivered.stat_period
            and asked.registered_on < delivered.stat_period
    left join alive
        on
            asked.district_code = alive.district_code
            and asked.successor_uscc = alive.uscc
            and delivered.stat_period = alive.stat_period
    group by asked.district_code, asked.entity_type, asked.entity_id, asked.stat_period

),

measured as (

    select
        units.*,
        asked.successor_uscc,
        asked.has_successor,
        asked.enterprise_status,
        asked.ended_on,
        asked.status_cell,
        months_of_life.delivered_months,
        months_of_life.alive_months,
        asked.ended_on is not null
        and units.stat_period
        > asked.ended_on + to_days(cast({{ check_threshold('R09', 'grace_days') }} as integer))
            as is_gone,
        coalesce(
            months_of_life.delivered_months >= {{ check_threshold('R09', 'silent_months') }}
            and months_of_life.alive_months = 0,
            false
        ) as is_silent,
        case
            when units.figure is null then 'no_report'
            when units.uscc is null then 'owner_unknown'
            when units.figure > 0 and asked.entity_id is null then 'owner_not_registered'
        end as na_reason
    from units
    left join asked
        on
            units.district_code = asked.district_code
            and units.entity_type = asked.entity_type
            and units.entity_id = asked.entity_id
            and units.stat_period = asked.stat_period
    left join months_of_life
        on
            units.district_code = months_of_life.district_code
            and units.entity_type = months_of_life.entity_type
            and units.entity_id = months_of_life.entity_id
            and units.stat_period = months_of_life.stat_period

),

final as (

    select
        *,
        stat_period as anchor_on,
        case
            when na_reason is not null then 'na'
            when figure > 0 and (is_gone or is_silent) then 'fail'
            else 'pass'
        end as outcome,
        case
            when na_reason is null and figure > 0 and (is_gone or is_silent) then 'quarantine'
        end as severity,
        figure as observed,
        case
            when na_reason is null and figure > 0 and (is_gone or is_silent) then 0
        end as expected,
        delivered_months as n_used,
        ['successor', 'grace_days', 'sources_delivered'] as exemptions_checked,
        case
            when na_reason is null and figure > 0 and (is_gone or is_silent)
                then list_concat(cells, [status_cell])
            else {{ no_evidence() }}
        end as evidence,
        case
            when is_gone
                then {{ sentence(
                    '{} 报数 {} 万元，而主体 {} 已于 {} {}',
                    ['period', 'figure', 'successor_uscc', 'ended_on', 'enterprise_status'],
                ) }}
            else {{ sentence(
                '{} 报数 {} 万元，而主体 {} 近 {} 个月既无参保又无开票',
                ['period', 'figure', 'successor_uscc', 'delivered_months'],
            ) }}
        end as facts_zh,
        case
            when is_gone
                then {{ sentence(
                    '{} reports {}, while firm {} ended on {} ({})',
                    ['period', 'figure', 'successor_uscc', 'ended_on', 'enterprise_status'],
                ) }}
            else {{ sentence(
                '{} reports {}, while firm {} had neither insured staff nor sales for {} months',
                ['period', 'figure', 'successor_uscc', 'delivered_months'],
            ) }}
        end as facts_en,
        '注销、吊销满 60 天或全年无参保无开票的主体不再有投资和产值' as relation_zh,
        'a firm that has ended, or shows no life for a year, neither invests nor produces'
            as relation_en
    from measured

)

{{ check_answer('final') }}
