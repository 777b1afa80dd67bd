with

projects as (

    select
        district_code,
        project_id,
        entity_id,
        uscc,
        reporting_unit
    from {{ ref('int_check__project') }}

),

investment as (

    select
        project_id,
        stat_period,
        investment_month,
        month_cells
    from {{ ref('int_check__investment') }}

),

instalments as (

    select
        project_id,
        bool_or(is_instalment) as is_instalment
    from {{ ref('fct_payment') }}
    where project_id is not null
    group by project_id

),

units as (

    select
        project_id,
        count(*) as periods,
        {{ rounding_unit('investment_month') }} as rounding_unit
    from investment
    where investment_month <> 0
    group by project_id

),

-- January has no report: February follows December.
steps as (

    select
        project_id,
        stat_period,
        investment_month,
        month_cells,
        coalesce(
            datediff('month', lag(stat_period) over series, stat_period)
            <= case when month(stat_period) = 2 then 2 else 1 end,
            false
        ) as follows,
        investment_month - lag(investment_month) over series as difference
    from investment
    window series as (partition by project_id order by stat_period)

),

paired as (

    select
        *,
        lag(difference) over series as previous_difference,
        coalesce(lag(follows) over series, false) as previous_follows
    from steps
    window series as (partition by project_id order by stat_period)

),

-- Runs of equal months, and runs of equal steps from month to month.
islands as (

    select
        *,
        sum(
            case when follows and difference = 0 and investment_month <> 0 then 0 else 1 end
        ) over series as equal_island,
        sum(
            case
                when
                    follows
                    and previous_follows
                    and difference <> 0
                    and difference = previous_difference
                    then 0
                else 1
            end
        ) over series as line_island
    from paired
    window series as (partition by project_id order by stat_period)

),

runs as (

    select
        project_id,
        'equal' as kind,
        investment_month as amount,
        count(*) as run_length,
        min(stat_period) as first_period,
        max(stat_period) as last_period,
        flatten(list(month_cells order by stat_period)) as cells
    from islands
    where investment_month <> 0
    group by project_id, equal_island, investment_month

    union all by name

    select
        project_id,
        'line' as kind,
        any_value(difference) as amount,
        count(*) as run_length,
        min(stat_period) as first_period,
        max(stat_period) as last_period,
        flatten(list(month_cells order by stat_period)) as cells
    from islands
    where difference <> 0 and follows
    group by project_id, line_island

),

graded as (

    select
        runs.project_id,
        runs.kind,
        runs.amount,
        runs.run_length,
        runs.first_period,
        runs.last_period,
        runs.cells,
        case
            when runs.kind = 'line'
                then case
                    when runs.run_length >= {{ check_threshold('R14', 'line_steps') }} then 'flag'
                end
            when runs.run_length > {{ check_threshold('R14', 'any_length') }} then 'quarantine'
            when
                runs.run_length >= {{ check_threshold('R14', 'quarantine_length') }}
                and runs.amount / units.rounding_unit >= {{ check_threshold('R14', 'four_units') }}
                then 'quarantine'
            when
                runs.run_length >= {{ check_threshold('R14', 'four_length') }}
                and runs.amount / units.rounding_unit >= {{ check_threshold('R14', 'four_units') }}
                then 'flag'
            when
                runs.run_length >= {{ check_threshold('R14', 'three_length') }}
                and runs.amount / units.rounding_unit >= {{ check_threshold('R14', 'three_units') }}
                then 'flag'
        end as severity,
        units.rounding_unit
    from runs
    inner join units on runs.project_id = units.project_id

),

worst as (

    select *
    from graded
    qualify
        row_number() over (
            partition by project_id
            order by {{ severity_rank('severity') }} desc, run_length desc, kind, first_period
        ) = 1

),

judged as (

    select
        projects.district_code,
        projects.entity_id,
        projects.reporting_unit,
        projects.project_id,
        projects.uscc,
        worst.kind,
        worst.amount,
        worst.run_length,
        worst.first_period,
        worst.last_period,
        worst.cells,
        worst.rounding_unit,
        worst.severity,
        units.periods,
        case
            when
                coalesce(units.periods, 0) < {{ check_threshold('R14', 'least_periods') }}
                then 'na'
            when coalesce(instalments.is_instalment, false) then 'na'
            when worst.severity is not null then 'fail'
            else 'pass'
        end as outcome,
        case
            when
                coalesce(units.periods, 0) < {{ check_threshold('R14', 'least_periods') }}
                then 'few_periods'
            when coalesce(instalments.is_instalment, false) then 'instalment_contract'
        end as na_reason
    from projects
    left join worst on projects.project_id = worst.project_id
    left join units on projects.project_id = units.project_id
    left join instalments on projects.project_id = instalments.project_id

),

final as (

    select
        * exclude (severity),
        'project' as entity_type,
        case when outcome = 'fail' then severity end as severity,
        run_length as statistic,
        case
            when kind = 'line' then {{ check_threshold('R14', 'line_steps') }}
            else {{ check_threshold('R14', 'three_length') }}
        end as threshold,
        amount as observed,
        periods as n_used,
        ['instalment_contract', 'rounding_unit'] as exemptions_checked,
        case when outcome = 'fail' then cells else {{ no_evidence() }} end as evidence,
        case kind
            when 'line'
                then {{ sentence(
                    '{} 至 {} 本月完成逐月相差 {} 万元，连续 {} 次',
                    ['first_period', 'last_period', 'amount', 'run_length'],
                ) }}
            else {{ sentence(
                '{} 至 {} 连续 {} 个月本月完成都是 {} 万元（报送单位 {} 万元）',
                ['first_period', 'last_period', 'run_length', 'amount', 'rounding_unit'],
            ) }}
        end as facts_zh,
        case kind
            when 'line'
                then {{ sentence(
                    'from {} to {} the months differ by {} each, {} times in a row',
                    ['first_period', 'last_period', 'amount', 'run_length'],
                ) }}
            else {{ sentence(
                'from {} to {} there are {} equal months of {} (rounding unit {})',
                ['first_period', 'last_period', 'run_length', 'amount', 'rounding_unit'],
            ) }}
        end as facts_en,
        '工程量随天气和进度变化，逐月投资不会长期相等或等差' as relation_zh,
        'works follow weather and progress: months are not equal, nor equally spaced, for long'
            as relation_en
    from judged

)

{{ check_answer('final') }}
