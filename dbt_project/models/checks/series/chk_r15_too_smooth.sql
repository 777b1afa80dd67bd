with

spine as (

    select distinct
        project_id,
        district_code,
        entity_id,
        uscc,
        reporting_unit,
        year(stat_period) as year_no
    from {{ ref('int_check__project_month') }}

),

projects as (

    select
        project_id,
        industry_division,
        industry_section
    from {{ ref('int_check__project') }}

),

investment as (

    select
        project_id,
        stat_period,
        investment_month,
        month_cells
    from {{ ref('int_check__investment') }}
    where investment_month > 0

),

units as (

    select
        project_id,
        {{ rounding_unit('investment_month') }} as rounding_unit
    from {{ ref('int_check__investment') }}
    group by project_id

),

-- Each month beside the report before it in the year, and beside the same month of last year.
months as (

    select
        this_year.project_id,
        year(this_year.stat_period) as year_no,
        this_year.stat_period,
        this_year.investment_month,
        this_year.month_cells,
        ln(cast(this_year.investment_month as double))
        - lag(ln(cast(this_year.investment_month as double))) over (
            partition by this_year.project_id, year(this_year.stat_period)
            order by this_year.stat_period
        ) as log_step,
        cast(this_year.investment_month as double)
        / cast(last_year.investment_month as double) as ratio,
        last_year.month_cells as last_year_cells
    from investment as this_year
    left join investment as last_year
        on
            this_year.project_id = last_year.project_id
            and last_day(this_year.stat_period - interval 12 month) = last_year.stat_period

),

-- Ten decimals: what is left of a spread of nothing is the order of the sum.
years as (

    select
        months.project_id,
        months.year_no,
        count(*) as periods,
        count(months.ratio) as common_periods,
        case
            when count(*) >= {{ check_threshold('R15', 'least_periods') }}
                then {{ significant('round(stddev_samp(months.log_step), 10)') }}
        end as smoothness,
        {{ significant('round(stddev_samp(months.ratio) / avg(months.ratio), 10)') }} as spread,
        avg(months.ratio) as mean_ratio,
        avg(cast(months.investment_month as double)) filter (where months.ratio is not null)
            as mean_month,
        flatten(list(months.month_cells order by months.stat_period)) as year_cells,
        flatten(
            list(
                list_concat(months.last_year_cells, months.month_cells) order by months.stat_period
            )
            filter (where months.ratio is not null)
        ) as copy_cells
    from months
    group by months.project_id, months.year_no

),

asked as (

    select
        spine.project_id,
        spine.district_code,
        spine.entity_id,
        spine.uscc,
        spine.reporting_unit,
        spine.year_no,
        coalesce(projects.industry_division, '') as industry_division,
        coalesce(projects.industry_section, '') as industry_section,
        coalesce(years.periods, 0) as periods,
        coalesce(years.common_periods, 0) as common_periods,
        years.smoothness,
        years.spread,
        years.mean_ratio,
        years.year_cells,
        years.copy_cells,
        years.mean_month,
        units.rounding_unit
    from spine
    left join projects on spine.project_id = projects.project_id
    left join years
        on
            spine.project_id = years.project_id
            and spine.year_no = years.year_no
    left join units on spine.project_id = units.project_id

),

-- The years of others in the division, or in the section where they are few.
cells as (

    select
        asked.project_id,
        asked.year_no,
        list(peers.smoothness order by peers.smoothness)
        filter (where peers.industry_division = asked.industry_division) as division_peers,
        list(peers.smoothness order by peers.smoothness) as section_peers
    from asked
    inner join asked as peers
        on
            asked.district_code = peers.district_code
            and asked.industry_section = peers.industry_section
            and asked.project_id <> peers.project_id
    where asked.smoothness is not null and peers.smoothness is not null
    group by asked.project_id, asked.year_no

),

peered as (

    select
        project_id,
        year_no,
        case
            when len(division_peers) >= {{ check_threshold('R15', 'narrow_peers') }}
                then division_peers
            else section_peers
        end as peers,
        cast({{ check_threshold('R15', 'peer_quantile') }} as double) as peer_quantile
    from cells

),

measured as (

    select
        asked.*,
        coalesce(len(peered.peers), 0) as peers,
        case
            when len(peered.peers) >= {{ check_threshold('R15', 'least_peers') }}
                then {{ sorted_quantile('peered.peers', 'peered.peer_quantile') }}
        end as peer_limit,
        case
            when asked.common_periods >= {{ check_threshold('R15', 'least_common') }}
                then {{ significant(
                    "cast(" ~ check_threshold('R15', 'copy_spread') ~ " as double)"
                    ~ " + asked.rounding_unit / asked.mean_month"
                ) }}
        end as copy_limit
    from asked
    left join peered
        on
            asked.project_id = peered.project_id
            and asked.year_no = peered.year_no

),

limited as (

    select
        * exclude (copy_limit),
        copy_limit,
        case
            when peer_limit is not null
                then {{ significant(
                    "least(cast(" ~ check_threshold('R15', 'smooth_limit')
                    ~ " as double), peer_limit)"
                ) }}
        end as smooth_limit
    from measured

),

judged as (

    select
        *,
        coalesce(smoothness < smooth_limit, false) as is_smooth,
        coalesce(spread <= copy_limit, false) as is_copy,
        case
            when smoothness is not null and peer_limit is not null
                then coalesce(spread <= copy_limit, false)
            else true
        end as says_copy
    from limited

),

answered as (

    select
        *,
        case
            when (smoothness is null or peer_limit is null) and copy_limit is null then 'na'
            when is_smooth or is_copy then 'fail'
            else 'pass'
        end as outcome,
        case
            when copy_limit is not null then null
            when smoothness is null then 'few_periods'
            when peer_limit is null then 'few_peers'
        end as na_reason,
        round(exp(smoothness) - 1, 4) as swing
    from judged

),

final as (

    select
        *,
        'project' as entity_type,
        cast(year_no as varchar) as period,
        make_date(year_no, 12, 31) as anchor_on,
        case when outcome = 'fail' then 'flag' end as severity,
        case when says_copy then spread else smoothness end as statistic,
        case when says_copy then copy_limit else smooth_limit end as threshold,
        case when says_copy then common_periods else periods end as n_used,
        case
            when outcome <> 'fail' then {{ no_evidence() }}
            when says_copy then copy_cells
            else year_cells
        end as evidence,
        case
            when says_copy
                then {{ sentence(
                    '{} 年有 {} 个月与上年同月之比几乎相同：平均 {}，离散系数 {}',
                    ['year_no', 'common_periods', 'round(mean_ratio, 4)', 'spread'],
                ) }}
            else {{ sentence(
                '{} 年 {} 个月的本月完成几乎不波动：逐月对数差的标准差 {}',
                ['year_no', 'periods', 'smoothness'],
            ) }}
        end as facts_zh,
        case
            when says_copy
                then {{ sentence(
                    'in {}, {} months are nearly one multiple, {} on average, of those a year before: coefficient of variation {}',
                    ['year_no', 'common_periods', 'round(mean_ratio, 4)', 'spread'],
                ) }}
            else {{ sentence(
                'in {} the {} months hardly vary: standard deviation of the log steps {}',
                ['year_no', 'periods', 'smoothness'],
            ) }}
        end as facts_en,
        case
            when says_copy
                then {{ sentence(
                    '离散系数大于 {}（报送单位 {} 万元，月均 {} 万元）',
                    ['copy_limit', 'rounding_unit', 'round(mean_month, 2)'],
                ) }}
            else {{ sentence(
                '标准差不小于 {}（同行业其他 {} 个项目年度的 1% 分位数，上限 {}）',
                ['smooth_limit', 'peers', check_threshold('R15', 'smooth_limit')],
            ) }}
        end as relation_zh,
        case
            when says_copy
                then {{ sentence(
                    'the coefficient of variation is above {} (rounding unit {}, mean month {})',
                    ['copy_limit', 'rounding_unit', 'round(mean_month, 2)'],
                ) }}
            else {{ sentence(
                'the standard deviation is at least {} (1 % quantile of {} years of peers, at most {})',
                ['smooth_limit', 'peers', check_threshold('R15', 'smooth_limit')],
            ) }}
        end as relation_en
    from answered

)

{{ check_answer('final') }}
