with

sets as (

    select *
    from {{ ref('int_check__target_set') }}

),

chances as (

    select
        district_code,
        reporting_unit,
        counted,
        period,
        point,
        p_value
    from {{ ref('int_check__chance') }}
    where check_id = 'R18'

),

years as (

    select
        district_code,
        reporting_unit,
        metric,
        stat_year,
        target_value,
        done_value,
        cells
    from {{ ref('int_check__target_year') }}
    where is_closed and is_set_in_time

),

-- A metric is null where all metrics of the board are looked at together.
measured as (

    select
        sets.*,
        chances.point,
        chances.p_value,
        case
            when sets.metric is null
                then sets.year_count >= {{ check_threshold('R18', 'minimum') }}
            else sets.year_count >= {{ check_threshold('R18', 'years') }}
        end as is_asked,
        case
            when sets.metric is null
                then
                    sets.above_count >= sets.below_count * {{ check_threshold('R18', 'ratio') }}
                    and {{ significant('chances.p_value') }}
                    < {{ check_threshold('R18', 'p_value') }}
        end as is_lopsided,
        sets.metric is not null
        and sets.on_target_count >= {{ check_threshold('R18', 'years') }} as is_on_target,
        sets.metric is not null and sets.whole_count > chances.point as is_whole_percent
    from sets
    left join chances
        on
            sets.district_code = chances.district_code
            and sets.reporting_unit = chances.reporting_unit
            and sets.metric is not distinct from chances.counted
            and sets.period = chances.period

),

judged as (

    select
        *,
        case
            when not is_asked then 'na'
            when
                coalesce(is_lopsided, false)
                or is_on_target
                or coalesce(is_whole_percent, false)
                then 'fail'
            else 'pass'
        end as outcome
    from measured

),

cited as (

    select
        judged.district_code,
        judged.reporting_unit,
        judged.metric,
        judged.period,
        string_agg(
            concat(
                years.stat_year, ' ',
                {{ said('round(years.done_value * 100 / years.target_value, 3)') }}, '%'
            ), ', '
            order by years.metric, years.stat_year
        ) as rates,
        flatten(list(years.cells order by years.metric, years.stat_year)) as evidence
    from judged
    inner join years
        on
            judged.district_code = years.district_code
            and judged.reporting_unit = years.reporting_unit
            and (judged.metric is null or judged.metric = years.metric)
            and judged.stat_year >= years.stat_year
    where judged.outcome = 'fail'
    group by all

),

limits as (

    select
        {{ check_threshold('R18', 'band') }} as band,
        {{ check_threshold('R18', 'count_target') }} as count_target,
        {{ check_threshold('R18', 'draws') }} as draws,
        {{ check_threshold('R18', 'on_target') }} as on_target,
        {{ check_threshold('R18', 'percent_width') }} as percent_width,
        {{ check_threshold('R18', 'ratio') }} as ratio,
        {{ check_threshold('R18', 'years') }} as years

),

final as (

    select
        judged.district_code,
        'reporting_unit' as entity_type,
        judged.reporting_unit as entity_id,
        judged.metric as counterpart_id,
        judged.reporting_unit,
        judged.period,
        make_date(judged.stat_year, 12, 31) as anchor_on,
        judged.outcome,
        case
            when judged.outcome <> 'na' then null
            when judged.metric is null then 'few_targets'
            when judged.late_count > 0 then 'target_after_its_year'
            else 'few_years'
        end as na_reason,
        case when judged.outcome = 'fail' then 'flag' end as severity,
        case
            when judged.metric is null
                then judged.above_count / greatest(judged.below_count, 1)
            when judged.is_on_target then judged.on_target_count
            else judged.whole_count
        end as statistic,
        case
            when judged.metric is null then limits.ratio
            when judged.is_on_target then limits.years
            else judged.point
        end as threshold,
        judged.year_count as n_used,
        -- Years on the target have no probability of their own: that clause stands as it is.
        case
            when judged.is_asked and not judged.is_on_target then judged.p_value
        end as p_value,
        ['target_after_its_year'] as exemptions_checked,
        cited.evidence,
        case
            when judged.metric is null
                then {{ sentence(
                    '{} 各项目标至 {} 年共 {} 个，完成率在 1 至 {} 之上的 {} 个，差不到 {} 的 {} 个（{}）',
                    ['judged.reporting_unit', 'judged.period', 'judged.year_count',
                     '1 + limits.band', 'judged.above_count',
                     'limits.band', 'judged.below_count', 'cited.rates'],
                ) }}
            else {{ sentence(
                '{} {} 各年完成率 {}：{} 年距目标不超过 {}，{} 年距整数百分比不超过 {} 个百分点',
                ['judged.reporting_unit', 'judged.metric', 'cited.rates', 'judged.on_target_count',
                 'limits.on_target', 'judged.whole_count',
                 'limits.percent_width'],
            ) }}
        end as facts_zh,
        case
            when judged.metric is null
                then {{ sentence(
                    '{}: of {} results up to {} {} are at most {} of the target, {} fall short by '
                    ~ 'no more than {} ({})',
                    ['judged.reporting_unit', 'judged.year_count', 'judged.period',
                     'judged.above_count', '1 + limits.band',
                     'judged.below_count', 'limits.band', 'cited.rates'],
                ) }}
            else {{ sentence(
                '{} {}, results {}: {} years within {} of the target, {} years within {} points '
                ~ 'of a whole percentage',
                ['judged.reporting_unit', 'judged.metric', 'cited.rates', 'judged.on_target_count',
                 'limits.on_target', 'judged.whole_count',
                 'limits.percent_width'],
            ) }}
        end as facts_en,
        case
            when judged.metric is null
                then {{ sentence(
                    '踩线之上不到线下的 {} 倍；偶然概率 {}（项目数目标只看 {} 个以上的）',
                    ['limits.ratio', significant('judged.p_value', 3),
                     'limits.count_target'],
                ) }}
            when judged.is_on_target
                then {{ sentence(
                    '踩线的年份少于 {} 个', ['limits.years'],
                ) }}
            else {{ sentence(
                '{} 年中恰为整数百分比的不超过 {} 年（{} 次模拟的 99.9% 分位，偶然概率 {}）',
                ['judged.year_count', 'judged.point', 'limits.draws',
                 significant('judged.p_value', 3)],
            ) }}
        end as relation_zh,
        case
            when judged.metric is null
                then {{ sentence(
                    'less than {} times as many just above as just below; chance {} (counts from {} '
                    ~ 'on)',
                    ['limits.ratio', significant('judged.p_value', 3),
                     'limits.count_target'],
                ) }}
            when judged.is_on_target
                then {{ sentence(
                    'fewer than {} years on the target', ['limits.years'],
                ) }}
            else {{ sentence(
                'of {} years at most {} at a whole percentage (99.9 % point of {} draws, '
                ~ 'chance {})',
                ['judged.year_count', 'judged.point', 'limits.draws',
                 significant('judged.p_value', 3)],
            ) }}
        end as relation_en
    from judged
    cross join limits
    left join cited
        on
            judged.district_code = cited.district_code
            and judged.reporting_unit = cited.reporting_unit
            and judged.metric is not distinct from cited.metric
            and judged.period = cited.period

)

{{ check_answer('final') }}
