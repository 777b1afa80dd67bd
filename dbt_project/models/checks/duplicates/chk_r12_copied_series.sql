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

instalments as (

    select
        project_id,
        bool_or(is_instalment) as is_instalment
    from {{ ref('fct_payment') }}
    where project_id is not null
    group by project_id

),

months as (

    select
        projects.district_code,
        projects.project_id,
        projects.entity_id,
        investment.stat_period,
        investment.investment_month,
        ln(investment.investment_month) as ln_month,
        investment.month_cells
    from {{ ref('int_check__investment') }} as investment
    inner join projects on investment.project_id = projects.project_id
    where investment.investment_month > 0

),

units as (

    select
        project_id,
        {{ rounding_unit("investment_month") }} as rounding_unit
    from months
    group by project_id

),

in_month as (

    select
        district_code,
        stat_period,
        count(*) as projects
    from months
    group by district_code, stat_period

),

needed as (

    select
        district_code,
        {{ significant(
            "log2(greatest(2, count(distinct project_id) * (count(distinct project_id) - 1) / 2)) "
            ~ "+ log2(" ~ check_threshold('R12', 'family_factor') ~ ")"
        ) }} as bits
    from months
    group by district_code

),

-- What an equal value says: -log2 of the share of the other projects of the month that told it.
telling as (

    select
        months.district_code,
        months.project_id,
        months.entity_id,
        months.stat_period,
        months.investment_month,
        -log2(
            (count(*) over (
                partition by months.district_code, months.stat_period, months.investment_month
            ) - 1) / in_month.projects
        ) as bits
    from months
    inner join units on months.project_id = units.project_id
    inner join in_month
        on
            months.district_code = in_month.district_code
            and months.stat_period = in_month.stat_period
    where
        months.investment_month / units.rounding_unit >= {{ check_threshold('R12', 'least_units') }}
    qualify count(*) over (
        partition by months.district_code, months.stat_period, months.investment_month
    ) > 1

),

equal_pairs as (

    select
        one.district_code,
        one.project_id,
        other.project_id as counterpart_project_id,
        count(*) as equal_months,
        sum(one.bits) as bits
    from telling as one
    inner join telling as other
        on
            one.district_code = other.district_code
            and one.stat_period = other.stat_period
            and one.investment_month = other.investment_month
            and one.entity_id < other.entity_id
    group by one.district_code, one.project_id, other.project_id

),

-- A scaled copy goes up and down by the same steps: where sd(ln m_i - ln m_j) <= s, the smallest
-- distance between steps is at most 2 s.
steps as (

    select
        district_code,
        project_id,
        entity_id,
        lag(stat_period) over series as from_period,
        stat_period,
        cast(floor(
            (ln_month - lag(ln_month) over series) / {{ check_threshold('R12', 'step_width') }}
        ) as integer) as step
    from months
    window series as (partition by project_id order by stat_period)

),

near_steps as (

    select
        district_code,
        project_id,
        entity_id,
        from_period,
        stat_period,
        unnest([step - 1, step, step + 1]) as step
    from steps
    where from_period is not null

),

step_pairs as (

    select
        one.district_code,
        one.project_id,
        other.project_id as counterpart_project_id
    from near_steps as one
    inner join steps as other
        on
            one.district_code = other.district_code
            and one.stat_period = other.stat_period
            and one.from_period = other.from_period
            and one.step = other.step
            and one.entity_id < other.entity_id
    group by one.district_code, one.project_id, other.project_id
    having count(*) >= {{ check_threshold('R12', 'step_matches') }}

),

candidates as (

    select
        district_code,
        project_id,
        counterpart_project_id
    from equal_pairs

    union

    select
        district_code,
        project_id,
        counterpart_project_id
    from step_pairs

),

compared as (

    select
        candidates.district_code,
        candidates.project_id,
        candidates.counterpart_project_id,
        count(*) as common_months,
        round(stddev_samp(round(one.ln_month - other.ln_month, 10)), 8) as deviation,
        round(exp(avg(round(one.ln_month - other.ln_month, 10))), 4) as factor,
        min(one.investment_month) = max(one.investment_month)
        and min(other.investment_month) = max(other.investment_month) as are_constant
    from candidates
    inner join months as one on candidates.project_id = one.project_id
    inner join months as other
        on
            candidates.counterpart_project_id = other.project_id
            and one.stat_period = other.stat_period
    group by candidates.district_code, candidates.project_id, candidates.counterpart_project_id

),

measured as (

    select
        compared.district_code,
        compared.project_id,
        compared.counterpart_project_id,
        compared.common_months,
        compared.deviation,
        compared.factor,
        coalesce(equal_pairs.equal_months, 0) as equal_months,
        {{ significant("coalesce(equal_pairs.bits, 0)") }} as bits,
        needed.bits as needed_bits,
        one.entity_id,
        other.entity_id as counterpart_id,
        one.uscc,
        one.reporting_unit,
        coalesce(one.uscc = other.uscc, true) as is_same_owner,
        coalesce(one_paid.is_instalment and other_paid.is_instalment, false) as are_instalments,
        coalesce(
            compared.deviation <= {{ check_threshold('R12', 'scaled_deviation') }}
            and compared.common_months >= {{ check_threshold('R12', 'scaled_months') }}
            and not compared.are_constant,
            false
        ) as is_scaled
    from compared
    inner join needed on compared.district_code = needed.district_code
    inner join projects as one on compared.project_id = one.project_id
    inner join projects as other on compared.counterpart_project_id = other.project_id
    left join equal_pairs
        on
            compared.project_id = equal_pairs.project_id
            and compared.counterpart_project_id = equal_pairs.counterpart_project_id
    left join instalments as one_paid on compared.project_id = one_paid.project_id
    left join instalments as other_paid on compared.counterpart_project_id = other_paid.project_id

),

suspected as (

    select
        *,
        equal_months >= {{ check_threshold('R12', 'equal_months') }} and bits >= needed_bits
            as is_copied
    from measured

),

judged as (

    select
        *,
        case
            when common_months < {{ check_threshold('R12', 'common_months') }} then 'na'
            when not (is_copied or is_scaled) then 'pass'
            when is_same_owner and are_instalments then 'na'
            else 'fail'
        end as outcome,
        case
            when common_months < {{ check_threshold('R12', 'common_months') }}
                then 'few_common_months'
            when (is_copied or is_scaled) and is_same_owner and are_instalments
                then 'instalments_of_one_owner'
        end as na_reason
    from suspected

),

cells as (

    select
        judged.project_id,
        judged.counterpart_project_id,
        flatten(list(
            list_concat(one.month_cells, other.month_cells) order by one.stat_period
        )) as cells
    from judged
    inner join months as one on judged.project_id = one.project_id
    inner join months as other
        on
            judged.counterpart_project_id = other.project_id
            and one.stat_period = other.stat_period
    where
        judged.outcome = 'fail'
        and (not judged.is_copied or one.investment_month = other.investment_month)
    group by judged.project_id, judged.counterpart_project_id

),

final as (

    select
        judged.*,
        'project' as entity_type,
        case
            when judged.outcome <> 'fail' then null
            when judged.is_same_owner then 'flag'
            else 'quarantine'
        end as severity,
        case
            when judged.is_scaled and not judged.is_copied then judged.deviation
            else judged.bits
        end as statistic,
        case
            when judged.is_scaled and not judged.is_copied
                then {{ check_threshold('R12', 'scaled_deviation') }}
            else judged.needed_bits
        end as threshold,
        judged.common_months as n_used,
        ['instalments_of_one_owner'] as exemptions_checked,
        cells.cells as evidence,
        case
            when judged.is_copied
                then {{ sentence(
                    '{} 与 {} 共同有数 {} 个月，其中 {} 个月本月完成投资完全相等',
                    [
                        'judged.entity_id', 'judged.counterpart_id', 'judged.common_months',
                        'judged.equal_months',
                    ],
                ) }}
            else {{ sentence(
                '{} 的本月完成投资在 {} 个共同月份里都约为 {} 的 {} 倍',
                [
                    'judged.entity_id', 'judged.common_months', 'judged.counterpart_id',
                    'judged.factor',
                ],
            ) }}
        end as facts_zh,
        case
            when judged.is_copied
                then {{ sentence(
                    '{} and {} have {} months in common; in {} of them the investment is the same',
                    [
                        'judged.entity_id', 'judged.counterpart_id', 'judged.common_months',
                        'judged.equal_months',
                    ],
                ) }}
            else {{ sentence(
                'the monthly investment of {} is in all {} common months about that of {} times {}',
                [
                    'judged.entity_id', 'judged.common_months', 'judged.counterpart_id',
                    'judged.factor',
                ],
            ) }}
        end as facts_en,
        case
            when judged.is_copied
                then {{ sentence(
                    '巧合相等的信息量 {} 位应小于界限 {} 位', ['judged.bits', 'judged.needed_bits'],
                ) }}
            else {{ sentence(
                '逐月对数差的标准差 {} 应大于 {}',
                ['judged.deviation', check_threshold('R12', 'scaled_deviation')],
            ) }}
        end as relation_zh,
        case
            when judged.is_copied
                then {{ sentence(
                    'equal by chance says less than {1} bits; here {0}',
                    ['judged.bits', 'judged.needed_bits'],
                ) }}
            else {{ sentence(
                'the logarithms differ by more than a deviation of {1}; here {0}',
                ['judged.deviation', check_threshold('R12', 'scaled_deviation')],
            ) }}
        end as relation_en
    from judged
    left join cells
        on
            judged.project_id = cells.project_id
            and judged.counterpart_project_id = cells.counterpart_project_id

)

{{ check_answer('final') }}
