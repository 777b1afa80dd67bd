with

funnel as (

    select
        plan_name,
        plan_year,
        window_start,
        window_end,
        cut_value,
        reading,
        form,
        measure,
        variant,
        basis,
        numerator,
        denominator
    from {{ ref('int_retrospective__funnel') }}
    where
        span = 'month'
        and cut_kind = 'reporting_unit'

),

results as (

    select
        plan_name,
        plan_year,
        window_start,
        window_end,
        cut_value,
        reading,
        measure,
        variant,
        basis,
        numerator,
        denominator,
        value
    from {{ ref('int_retrospective__result') }}
    where
        span = 'month'
        and cut_kind = 'reporting_unit'

),

points as (

    select
        plan_name,
        plan_year,
        window_start,
        window_end
    from {{ ref('int_retrospective__point') }}
    where span = 'month'

),

ledger as (

    select
        reporting_unit,
        signed_investment,
        signing_date,
        current_stage,
        valid_from,
        valid_to
    from {{ ref('int_signing__history') }}

),

cases as (

    select
        case_kind,
        reporting_unit,
        issue_date
    from {{ ref('int_supervision__current') }}
    where
        issue_date <= {{ as_of() }}
        and coalesce(withdrawn_on > {{ as_of() }}, true)

),

targets as (

    select
        plan_year,
        reporting_unit,
        measure,
        variant,
        form,
        basis,
        target_value
    from {{ ref('int_retrospective__target') }}
    where is_board

),

principles as (

    select
        principle,
        measure,
        variant,
        form,
        basis
    from {{ ref('int_retrospective__principle') }}

),

mechanisms as (

    select
        mechanism,
        measure,
        variant,
        form,
        basis,
        scored_on,
        weight,
        threshold,
        items
    from {{ ref('int_retrospective__mechanism') }}

),

boards as (

    select distinct cut_value as reporting_unit
    from funnel

    union distinct

    select reporting_unit
    from ledger
    where reporting_unit is not null

    union distinct

    select reporting_unit
    from cases
    where reporting_unit is not null

    union distinct

    select reporting_unit
    from targets

),

readings as (

    select distinct reading from funnel

),

-- 在谈 without a signing date, in the ledger that was there at the month's end.
reserves as (

    select
        points.window_end,
        coalesce(ledger.reporting_unit, '未知') as reporting_unit,
        count(*) as projects,
        sum(ledger.signed_investment) as amount
    from points
    inner join ledger
        on
            points.window_end >= ledger.valid_from
            and points.window_end < coalesce(ledger.valid_to, date '9999-12-31')
    where
        ledger.current_stage = '在谈'
        and ledger.signing_date is null
    group by all

),

supervised as (

    select
        points.window_end,
        coalesce(cases.reporting_unit, '未知') as reporting_unit,
        count(*) filter (where cases.case_kind = '正面典型') as positive_cases,
        count(*) filter (where cases.case_kind = '负面典型') as negative_cases
    from points
    inner join cases
        on
            points.window_start <= cases.issue_date
            and points.window_end >= cases.issue_date
    group by all

),

registered as (

    select
        points.plan_name,
        points.plan_year,
        points.window_start,
        points.window_end,
        boards.reporting_unit,
        named.measure,
        named.basis,
        cast(coalesce(
            case named.measure
                when 'supervision_positive' then supervised.positive_cases
                when 'supervision_negative' then supervised.negative_cases
                else case named.basis when 'count' then reserves.projects else reserves.amount end
            end, 0
        ) as decimal(20, 4)) as numerator
    from points
    cross join boards
    cross join (
        values
        ('reserve', 'count'),
        ('reserve', 'amount'),
        ('supervision_positive', 'count'),
        ('supervision_negative', 'count')
    ) as named (measure, basis)
    left join reserves
        on
            points.window_end = reserves.window_end
            and boards.reporting_unit = reserves.reporting_unit
    left join supervised
        on
            points.window_end = supervised.window_end
            and boards.reporting_unit = supervised.reporting_unit

),

figures as (

    select
        plan_name,
        plan_year,
        window_start,
        window_end,
        cut_value as reporting_unit,
        reading,
        form,
        measure,
        variant,
        basis,
        numerator,
        denominator,
        case
            when denominator is null then cast(numerator as decimal(18, 6))
            else {{ exact_ratio('numerator', 'denominator') }}
        end as value
    from funnel

    union all

    select
        plan_name,
        plan_year,
        window_start,
        window_end,
        cut_value as reporting_unit,
        reading,
        'cohort' as form,
        measure,
        variant,
        basis,
        numerator,
        denominator,
        value
    from results

    union all

    -- Registers of the offices: the same in every reading.
    select
        registered.plan_name,
        registered.plan_year,
        registered.window_start,
        registered.window_end,
        registered.reporting_unit,
        readings.reading,
        'cohort' as form,
        registered.measure,
        'main' as variant,
        registered.basis,
        registered.numerator,
        cast(null as decimal(20, 4)) as denominator,
        cast(registered.numerator as decimal(18, 6)) as value
    from registered
    cross join readings

),

targeted as (

    select
        figures.plan_year,
        figures.window_start,
        figures.window_end,
        figures.reporting_unit,
        figures.reading,
        figures.form,
        figures.measure,
        figures.variant,
        figures.basis,
        figures.numerator,
        figures.denominator,
        figures.value,
        targets.target_value,
        {{ exact_ratio('figures.numerator', 'targets.target_value') }} as attainment
    from figures
    left join targets
        on
            figures.plan_year = targets.plan_year
            and figures.reporting_unit = targets.reporting_unit
            and figures.measure = targets.measure
            and figures.variant = targets.variant
            and figures.form = targets.form
            and figures.basis = targets.basis

),

item_scores as (

    select
        targeted.plan_year,
        targeted.window_start,
        targeted.window_end,
        targeted.reporting_unit,
        targeted.reading,
        mechanisms.mechanism,
        mechanisms.items,
        mechanisms.weight,
        mechanisms.threshold,
        case mechanisms.scored_on
            when 'attainment' then targeted.attainment else targeted.value
        end as score
    from targeted
    inner join mechanisms
        on
            targeted.measure = mechanisms.measure
            and targeted.variant = mechanisms.variant
            and targeted.form = mechanisms.form
            and targeted.basis = mechanisms.basis

),

-- By the weights that the district has filled in; a board that lacks one of the figures has no
-- score.
scored as (

    select
        plan_year,
        window_start,
        window_end,
        reporting_unit,
        reading,
        mechanism,
        sum(case when score < threshold then 0 else weight * score end) as composite_score
    from item_scores
    group by
        plan_year,
        window_start,
        window_end,
        reporting_unit,
        reading,
        mechanism,
        items
    having count(score) = items

),

with_scores as (

    select
        plan_year,
        window_start,
        window_end,
        reporting_unit,
        reading,
        form,
        measure,
        variant,
        basis,
        numerator,
        denominator,
        value,
        target_value,
        attainment
    from targeted

    union all

    select
        plan_year,
        window_start,
        window_end,
        reporting_unit,
        reading,
        'cohort' as form,
        'composite_score' as measure,
        mechanism as variant,
        'count' as basis,
        null as numerator,
        null as denominator,
        cast(composite_score as decimal(18, 6)) as value,
        null as target_value,
        null as attainment
    from scored

),

-- Boards are ranked on with_withdrawn, so that deleting failures gains nothing; what has a target
-- on its attainment.
ranking as (

    select
        plan_year,
        window_start,
        window_end,
        reporting_unit,
        reading,
        form,
        measure,
        variant,
        basis,
        numerator,
        denominator,
        value,
        target_value,
        attainment,
        case
            when reporting_unit = '未知' then null
            when variant = 'with_withdrawn' or measure = 'composite_score' then value
            when target_value is not null then attainment
        end as ranked_value
    from with_scores

),

ranked as (

    select
        plan_year,
        window_start,
        window_end,
        reporting_unit,
        reading,
        form,
        measure,
        variant,
        basis,
        numerator,
        denominator,
        value,
        target_value,
        attainment,
        -- 水分, and what the checks hold back: the same on every reading's row.
        max(value) filter (where reading = 'claimed') over one_figure
        - max(value) filter (where reading = 'evidenced') over one_figure
            as unsupported_value,
        max(value) filter (where reading = 'evidenced') over one_figure
        - max(value) filter (where reading = 'verified') over one_figure
            as held_back_value,
        case
            when ranked_value is not null
                then rank() over (
                    partition by window_end, reading, form, measure, variant, basis
                    order by ranked_value desc nulls last
                )
        end as rank_no,
        count(ranked_value) over (
            partition by window_end, reading, form, measure, variant, basis
        ) as ranked_boards
    from ranking
    window one_figure as (
        partition by window_end, reporting_unit, form, measure, variant, basis
    )

),

compared as (

    select
        ranked.window_start,
        ranked.window_end,
        ranked.reporting_unit,
        ranked.reading,
        ranked.form,
        ranked.measure,
        ranked.variant,
        ranked.basis,
        ranked.numerator,
        ranked.denominator,
        ranked.value,
        ranked.unsupported_value,
        ranked.held_back_value,
        ranked.target_value,
        ranked.attainment,
        ranked.rank_no,
        ranked.ranked_boards,
        last_month.rank_no as previous_rank_no,
        last_year.value as previous_value,
        principles.principle,
        case when principles.principle is not null then ranked.value >= last_year.value end
            as is_held
    from ranked
    left join ranked as last_month
        on
            ranked.window_start = last_month.window_start
            and month(ranked.window_end) = month(last_month.window_end) + 1
            and ranked.reporting_unit = last_month.reporting_unit
            and ranked.reading = last_month.reading
            and ranked.form = last_month.form
            and ranked.measure = last_month.measure
            and ranked.variant = last_month.variant
            and ranked.basis = last_month.basis
    left join ranked as last_year
        on
            ranked.plan_year = last_year.plan_year + 1
            and month(ranked.window_end) = month(last_year.window_end)
            and ranked.reporting_unit = last_year.reporting_unit
            and ranked.reading = last_year.reading
            and ranked.form = last_year.form
            and ranked.measure = last_year.measure
            and ranked.variant = last_year.variant
            and ranked.basis = last_year.basis
    left join principles
        on
            ranked.measure = principles.measure
            and ranked.variant = principles.variant
            and ranked.form = principles.form
            and ranked.basis = principles.basis

),

-- A principle is held where every figure of it that can be compared is.
verdicts as (

    select
        window_end,
        reporting_unit,
        reading,
        {{ principle_verdict('quantity') }} as quantity_verdict,
        {{ principle_verdict('quality') }} as quality_verdict,
        {{ principle_verdict('contribution') }} as contribution_verdict
    from compared
    group by window_end, reporting_unit, reading

),

final as (

    select
        compared.reporting_unit,
        compared.window_end as month_end,
        compared.window_start,
        compared.reading,
        compared.form,
        compared.measure,
        compared.variant,
        compared.basis,
        compared.numerator,
        compared.denominator,
        compared.value,
        cast(compared.unsupported_value as decimal(18, 6)) as unsupported_value,
        cast(compared.held_back_value as decimal(18, 6)) as held_back_value,
        compared.target_value,
        compared.attainment,
        cast(compared.rank_no as integer) as rank_no,
        cast(compared.ranked_boards as integer) as ranked_boards,
        cast(compared.previous_rank_no as integer) as previous_rank_no,
        cast(compared.previous_rank_no - compared.rank_no as integer) as rank_move,
        compared.previous_value,
        cast(compared.value - compared.previous_value as decimal(18, 6)) as change,
        compared.principle,
        compared.is_held,
        verdicts.quantity_verdict,
        verdicts.quality_verdict,
        verdicts.contribution_verdict,
        {{ as_of() }} as as_of,
        {{ known_on() }} as known_on
    from compared
    inner join verdicts
        on
            compared.window_end = verdicts.window_end
            and compared.reporting_unit = verdicts.reporting_unit
            and compared.reading = verdicts.reading

)

select
    reporting_unit,
    month_end,
    window_start,
    reading,
    form,
    measure,
    variant,
    basis,
    numerator,
    denominator,
    value,
    unsupported_value,
    held_back_value,
    target_value,
    attainment,
    rank_no,
    ranked_boards,
    previous_rank_no,
    rank_move,
    previous_value,
    change,
    principle,
    is_held,
    quantity_verdict,
    quality_verdict,
    contribution_verdict,
    as_of,
    known_on
from final
order by
    reporting_unit,
    month_end,
    measure,
    variant,
    form,
    basis,
    reading
