with

firm_months as (

    select
        district_code,
        uscc,
        stat_period,
        period,
        reporting_unit,
        industry_division,
        industry_section,
        recognised_on,
        output_value,
        months_covered,
        power_kwh,
        power_capacity_kva,
        is_shared_meter,
        has_own_generation
    from {{ ref('int_check__firm_month') }}

),

readings as (

    select
        district_code,
        uscc,
        stat_period,
        {{ evidence_cell('power', 'power', 'power_kwh') }} as kwh_cell,
        {{ evidence_cell('power', 'power', 'power_capacity_kva') }} as capacity_cell
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

recognitions as (

    select
        district_code,
        uscc,
        recognised_cell as cell
    from {{ ref('int_check__firm') }}
    where recognised_cell is not null

),

power_months as (

    select distinct
        district_code,
        stat_period,
        true as was_delivered
    from {{ ref('fct_power_month') }}

),

rules as (

    select
        {{ check_threshold('R23', 'peer_share') }} as peer_share,
        cast({{ check_threshold('R23', 'peer_quantile') }} as double) as peer_quantile,
        {{ check_threshold('R23', 'minimum_peers') }} as minimum_peers,
        {{ check_threshold('R23', 'dark_months') }} as least_dark_months,
        {{ check_threshold('R23', 'idle_load') }} as idle_load,
        {{ check_threshold('R23', 'design_kwh_per_kva') }} as design_kwh_per_kva,
        cast({{ check_threshold('R23', 'trial_months') }} as integer) as trial_months

),

-- Three months that end with the row's. A window that begins with February's report needs
-- January's power too.
windows as (

    select
        firm_months.*,
        coalesce(power_months.was_delivered, false) as was_delivered,
        min(firm_months.stat_period) over three as first_month,
        count(*) over three as window_months,
        sum(firm_months.output_value) over three as made,
        sum(firm_months.power_kwh) over three as power_three,
        count(firm_months.power_kwh) over three as power_months,
        count(*) filter (where firm_months.power_kwh = 0) over three as dark_months,
        bool_or(firm_months.is_shared_meter) over three as shares_meter,
        bool_or(firm_months.has_own_generation) over three as generates,
        max(firm_months.power_kwh / nullif(firm_months.power_capacity_kva, 0)) over three
            as highest_load_exact,
        sum(firm_months.power_capacity_kva) over three as capacity_three,
        lag(firm_months.months_covered, 2) over firm_line as first_covered,
        lag(firm_months.power_kwh, 3) over firm_line as power_before
    from firm_months
    left join power_months
        on
            firm_months.district_code = power_months.district_code
            and firm_months.stat_period = power_months.stat_period
    window
        firm_line as (
            partition by firm_months.district_code, firm_months.uscc
            order by firm_months.stat_period
        ),
        three as (
            partition by firm_months.district_code, firm_months.uscc
            order by firm_months.stat_period
            rows between 2 preceding and current row
        )

),

-- January has no output report: only a recognised plant is asked then. The trial run of a new plant
-- is not.
asked as (

    select
        windows.*,
        rules.*,
        windows.made > 0 and extract(month from windows.stat_period) <> 1 as makes,
        windows.recognised_on is not null
        and windows.first_month
        > last_day(windows.recognised_on + to_months(rules.trial_months)) as runs,
        case
            when windows.first_covered = 2 then windows.power_three + windows.power_before
            else windows.power_three
        end as used
    from windows
    cross join rules
    where windows.window_months = 3

),

reasoned as (

    select
        *,
        case
            when not was_delivered then 'power_not_delivered'
            when power_months = 0 then 'accounts_not_mapped'
            when shares_meter then 'shared_meter'
            when generates then 'own_generation'
            when industry_section is null then 'industry_unknown'
            -- Sections of GB/T 4754 in which power says nothing: services, offices, software.
            when industry_section in ('I', 'J', 'K', 'L', 'M', 'O', 'P', 'Q', 'R')
                then 'negligible_power'
            when power_months < 3 or used is null then 'power_incomplete'
        end as reason
    from asked
    where makes or runs

),

ratios as (

    select
        *,
        case
            when reason is null and makes and used > 0
                then {{ significant('cast(used as double) / cast(made as double)') }}
        end as peer_ratio
    from reasoned

),

ranked as (

    select
        *,
        case
            when peer_ratio is not null
                then row_number() over (
                    partition by stat_period, industry_division
                    order by peer_ratio, district_code, uscc
                )
        end as division_rank,
        case
            when peer_ratio is not null
                then row_number() over (
                    partition by stat_period, industry_section
                    order by peer_ratio, district_code, uscc
                )
        end as section_rank
    from ratios

),

divisions as (

    select
        stat_period,
        industry_division,
        list(peer_ratio order by peer_ratio) as peers
    from ratios
    where peer_ratio is not null
    group by stat_period, industry_division

),

sections as (

    select
        stat_period,
        industry_section,
        list(peer_ratio order by peer_ratio) as peers
    from ratios
    where peer_ratio is not null
    group by stat_period, industry_section

),

grouped as (

    select
        ranked.*,
        {{ without_own('divisions.peers', 'ranked.division_rank') }} as division_peers,
        {{ without_own('sections.peers', 'ranked.section_rank') }} as section_peers
    from ranked
    left join divisions
        on
            ranked.stat_period = divisions.stat_period
            and ranked.industry_division = divisions.industry_division
    left join sections
        on
            ranked.stat_period = sections.stat_period
            and ranked.industry_section = sections.industry_section

),

compared as (

    select
        * exclude (division_peers, section_peers),
        case
            when len(division_peers) >= minimum_peers then division_peers
            when len(section_peers) >= minimum_peers then section_peers
        end as peers
    from grouped

),

measured as (

    select
        * exclude (peers),
        len(peers) as n_peers,
        {{ significant('highest_load_exact') }} as highest_load,
        {{ significant(sorted_quantile('peers', 'peer_quantile')) }} as limit_ratio,
        {{ significant('cast(used as double) / nullif(cast(made as double), 0)') }} as own_ratio
    from compared

),

judged as (

    select
        *,
        reason is null
        and makes
        and dark_months >= least_dark_months as is_dark,
        reason is null and makes and coalesce(own_ratio < peer_share * limit_ratio, false)
            as is_thin,
        reason is null
        and runs
        and coalesce(highest_load < idle_load * design_kwh_per_kva, false) as is_idle
    from measured

),

answered as (

    select
        *,
        case
            when reason is not null then 'na'
            when is_dark or is_thin or is_idle then 'fail'
            when limit_ratio is null and not runs then 'na'
            else 'pass'
        end as outcome,
        case
            when reason is not null then reason
            when not (is_dark or is_thin or is_idle) and limit_ratio is null and not runs
                then 'peers_too_few'
        end as na_reason
    from judged

),

-- Only a fail shows its cells: the reports and readings of its months.
fails as (

    select
        district_code,
        uscc,
        stat_period,
        makes,
        is_idle,
        first_month,
        case
            when first_covered = 2 then last_day(first_month - interval 1 month) else first_month
        end as first_power_month
    from answered
    where outcome = 'fail'

),

cells as (

    select
        fails.district_code,
        fails.uscc,
        fails.stat_period,
        unnest(
            case
                when fails.is_idle then [readings.kwh_cell, readings.capacity_cell]
                else [readings.kwh_cell]
            end
        ) as cell
    from fails
    inner join readings
        on
            fails.district_code = readings.district_code
            and fails.uscc = readings.uscc
            and readings.stat_period between fails.first_power_month and fails.stat_period

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
            and reports.stat_period between fails.first_month and fails.stat_period
    where fails.makes

    union all

    select
        fails.district_code,
        fails.uscc,
        fails.stat_period,
        recognitions.cell
    from fails
    inner join recognitions
        on
            fails.district_code = recognitions.district_code
            and fails.uscc = recognitions.uscc
    where fails.is_idle

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
            when answered.outcome = 'fail' and answered.is_dark then 'quarantine'
            when answered.outcome = 'fail' then 'flag'
        end as severity,
        case
            when answered.is_dark then answered.dark_months
            when answered.is_thin or not answered.is_idle then answered.own_ratio
            else answered.highest_load
        end as statistic,
        case
            when answered.is_dark then answered.least_dark_months
            when answered.is_thin or not answered.is_idle
                then answered.peer_share * answered.limit_ratio
            else answered.idle_load * answered.design_kwh_per_kva
        end as threshold,
        answered.used as observed,
        case
            when answered.is_thin or answered.is_dark
                then try_cast(
                    answered.peer_share * answered.limit_ratio * answered.made as decimal(24, 6)
                )
            when answered.is_idle
                then answered.idle_load * answered.design_kwh_per_kva * answered.capacity_three
        end as expected,
        answered.n_peers as n_used,
        [
            'accounts_not_mapped', 'shared_meter', 'own_generation', 'negligible_power',
            'trial_run',
        ] as exemptions_checked,
        evidences.evidence,
        case
            when answered.is_dark
                then {{ sentence(
                    '至 {} 的三个月报总产值 {} 万元，用电 {} 千瓦时，其中 {} 个月用电为 0',
                    ['answered.period', 'answered.made', 'answered.used', 'answered.dark_months'],
                ) }}
            when answered.is_thin
                then {{ sentence(
                    '至 {} 的三个月报总产值 {} 万元，用电 {} 千瓦时，每万元 {} 千瓦时',
                    ['answered.period', 'answered.made', 'answered.used', 'answered.own_ratio'],
                ) }}
            else {{ sentence(
                '{} 认定投产，至 {} 的三个月用电 {} 千瓦时，单月每千伏安最多 {} 千瓦时',
                [
                    'answered.recognised_on', 'answered.period', 'answered.used',
                    'answered.highest_load',
                ],
            ) }}
        end as facts_zh,
        case
            when answered.is_dark
                then {{ sentence(
                    'in three months to {} output is {} (10,000 yuan), power {} kWh, none in {} months',
                    ['answered.period', 'answered.made', 'answered.used', 'answered.dark_months'],
                ) }}
            when answered.is_thin
                then {{ sentence(
                    'in three months to {} output is {} (10,000 yuan), power {} kWh: {} kWh each',
                    ['answered.period', 'answered.made', 'answered.used', 'answered.own_ratio'],
                ) }}
            else {{ sentence(
                'production recognised on {}; in three months to {} {} kWh, at most {} a kVA a month',
                [
                    'answered.recognised_on', 'answered.period', 'answered.used',
                    'answered.highest_load',
                ],
            ) }}
        end as facts_en,
        case
            when answered.is_dark then '有产值的月份应有用电'
            when answered.is_thin
                then {{ sentence(
                    '每万元产值用电不低于同行业 {} 户 5% 分位 {} 千瓦时的 {}',
                    ['answered.n_peers', 'answered.limit_ratio', 'answered.peer_share'],
                ) }}
            else {{ sentence(
                '投产满试运行后，月用电不连续三个月低于设计用电（每千伏安 {} 千瓦时）的 {}',
                ['answered.design_kwh_per_kva', 'answered.idle_load'],
            ) }}
        end as relation_zh,
        case
            when answered.is_dark then 'a month with output uses power'
            when answered.is_thin
                then {{ sentence(
                    'kWh per 10,000 yuan is not under {} x the 5 % quantile {} of {} peers',
                    ['answered.peer_share', 'answered.limit_ratio', 'answered.n_peers'],
                ) }}
            else {{ sentence(
                'after its trial run a plant is not three months under {} of design ({} kWh a kVA)',
                ['answered.idle_load', 'answered.design_kwh_per_kva'],
            ) }}
        end as relation_en
    from answered
    left join evidences
        on
            answered.district_code = evidences.district_code
            and answered.uscc = evidences.uscc
            and answered.stat_period = evidences.stat_period

)

{{ check_answer('final') }}
