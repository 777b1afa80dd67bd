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
        industry_section,
        first_report_on
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

-- checks.md: without February, which holds January too; what a project had before its entry stands
-- in its first report.
asked as (

    select
        spine.project_id,
        spine.district_code,
        spine.entity_id,
        spine.uscc,
        spine.reporting_unit,
        spine.stat_period,
        spine.period,
        coalesce(projects.industry_section, '') as industry_section,
        this_month.investment_month as current,
        this_month.month_cells as current_cells,
        last_month.investment_month as previous,
        last_month.month_cells as previous_cells,
        case
            when month(spine.stat_period) in (2, 3) then 'february'
            when this_month.investment_month is null then 'no_report'
            when last_month.investment_month is null then 'no_previous_report'
            when last_month.stat_period <= projects.first_report_on then 'first_report'
            when this_month.investment_month <= 0 or last_month.investment_month <= 0
                then 'no_investment'
        end as na_reason
    from spine
    left join projects on spine.project_id = projects.project_id
    left join investment as this_month
        on
            spine.project_id = this_month.project_id
            and spine.stat_period = this_month.stat_period
    left join investment as last_month
        on
            spine.project_id = last_month.project_id
            and last_day(date_trunc('month', spine.stat_period) - interval 1 month)
            = last_month.stat_period

),

-- The industry section, or the whole district in that month where the section is small.
sized as (

    select
        *,
        count(*) filter (where na_reason is null) over section as section_size,
        count(*) filter (where na_reason is null) over district as district_size
    from asked
    window
        section as (partition by district_code, stat_period, industry_section),
        district as (partition by district_code, stat_period)

),

placed as (

    select
        *,
        concat_ws('|', project_id, stat_period) as unit,
        case
            when section_size >= {{ check_threshold('R17', 'least_pairs') }}
                then concat_ws('|', district_code, stat_period, industry_section)
            when district_size >= {{ check_threshold('R17', 'least_pairs') }}
                then concat_ws('|', district_code, stat_period, 'district')
        end as stratum,
        case
            when section_size >= {{ check_threshold('R17', 'least_pairs') }} then section_size
            else district_size
        end as n_used
    from sized

),

-- The district's stratum holds every pair, those of its large sections too.
pairs as (

    select
        stratum,
        unit,
        previous,
        current
    from placed
    where
        na_reason is null
        and section_size >= {{ check_threshold('R17', 'least_pairs') }}

    union all by name

    select
        concat_ws('|', district_code, stat_period, 'district') as stratum,
        unit,
        previous,
        current
    from placed
    where
        na_reason is null
        and district_size >= {{ check_threshold('R17', 'least_pairs') }}

),

effects as (

    {{ hidiroglou_berthelot(
        'pairs',
        check_threshold('R17', 'u'),
        check_threshold('R17', 'a'),
        check_threshold('R17', 'c'),
        check_threshold('R17', 'equal_share'),
        check_threshold('R17', 'ratio_share'),
    ) | indent(4) }}

),

measured as (

    select
        placed.*,
        {{ significant('effects.effect') }} as effect,
        {{ significant('effects.low_bound') }} as low_bound,
        {{ significant('effects.high_bound') }} as high_bound,
        round(effects.ratio, 4) as ratio,
        round(effects.middle, 4) as middle,
        cast(placed.previous * cast(effects.middle as decimal(24, 6)) as decimal(20, 2))
            as expected
    from placed
    left join effects
        on placed.stratum = effects.stratum and placed.unit = effects.unit

),

-- A pair that was dropped because it is equal, like half of its stratum, has no effect: a pass.
judged as (

    select
        * exclude (na_reason),
        case
            when na_reason is not null or stratum is null then 'na'
            when effect < low_bound or effect > high_bound then 'fail'
            else 'pass'
        end as outcome,
        case
            when na_reason is not null then na_reason
            when stratum is null then 'few_pairs'
        end as na_reason
    from measured

),

final as (

    select
        *,
        'project' as entity_type,
        stat_period as anchor_on,
        case when outcome = 'fail' then 'flag' end as severity,
        effect as statistic,
        case when effect < 0 then low_bound else high_bound end as threshold,
        current as observed,
        ['february', 'first_report', 'equal_pairs'] as exemptions_checked,
        case
            when outcome = 'fail' then list_concat(previous_cells, current_cells)
            else {{ no_evidence() }}
        end as evidence,
        {{ sentence(
            '{} 本月完成 {} 万元，上月 {} 万元，是上月的 {} 倍；同组 {} 个项目的中位倍数为 {}',
            ['period', 'current', 'previous', 'ratio', 'n_used', 'middle'],
        ) }} as facts_zh,
        {{ sentence(
            '{}: {} this month after {}, {} times as much; the median of the {} projects of its group is {}',
            ['period', 'current', 'previous', 'ratio', 'n_used', 'middle'],
        ) }} as facts_en,
        {{ sentence(
            '效应值 {} 应在 {} 与 {} 之间（Hidiroglou-Berthelot）', ['effect', 'low_bound', 'high_bound'],
        ) }} as relation_zh,
        {{ sentence(
            'the effect {} lies between {} and {} (Hidiroglou-Berthelot)',
            ['effect', 'low_bound', 'high_bound'],
        ) }} as relation_en
    from judged

)

{{ check_answer('final') }}
