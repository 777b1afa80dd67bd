with

funnel as (

    select
        span,
        plan_name,
        plan_year,
        window_start,
        window_end,
        evaluated_on,
        cut_kind,
        cut_value,
        reading,
        form,
        measure,
        variant,
        basis,
        numerator,
        denominator,
        withdrawn_count,
        is_mature
    from {{ ref('int_retrospective__funnel') }}
    where span <> 'month'

),

results as (

    select
        span,
        plan_name,
        plan_year,
        window_start,
        window_end,
        closes_on,
        cut_kind,
        cut_value,
        reading,
        measure,
        variant,
        basis,
        numerator,
        denominator,
        value
    from {{ ref('int_retrospective__result') }}
    where span <> 'month'

),

survival as (

    select
        span,
        window_start,
        window_end,
        cut_kind,
        cut_value,
        reading,
        variant,
        months_since_signing,
        at_risk,
        events,
        km_value,
        km_lower,
        km_upper
    from {{ ref('int_retrospective__survival') }}

),

stays as (

    select
        span,
        window_start,
        window_end,
        cut_kind,
        cut_value,
        reading,
        from_stage,
        to_stage,
        method,
        moved_on,
        entered,
        median,
        quartile_1,
        quartile_3
    from {{ ref('int_retrospective__days') }}

),

points as (

    select
        span,
        plan_name,
        plan_year,
        window_start,
        window_end,
        evaluated_on
    from {{ ref('int_retrospective__point') }}

),

landing_definitions as (

    select
        variant,
        within_months
    from {{ ref('int_retrospective__definition') }}
    where measure = 'landing_rate_36m'

),

targets as (

    select
        plan_year,
        plan_name,
        reporting_unit,
        measure,
        variant,
        form,
        basis,
        target_value
    from {{ ref('int_retrospective__target') }}

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

-- The estimate at the end of the given months, or where the cohort is not followed so long, at the
-- last month in which somebody is.
landing_estimates as (

    select
        survival.span,
        survival.window_start,
        survival.window_end,
        survival.cut_kind,
        survival.cut_value,
        survival.reading,
        survival.variant,
        landing_definitions.within_months,
        max(survival.months_since_signing) as months_followed,
        sum(survival.events) as landed,
        max(survival.at_risk) as signed,
        arg_max(survival.km_value, survival.months_since_signing) as km_value,
        arg_max(survival.km_lower, survival.months_since_signing) as km_lower,
        arg_max(survival.km_upper, survival.months_since_signing) as km_upper
    from survival
    inner join landing_definitions on survival.variant = landing_definitions.variant
    where survival.months_since_signing <= landing_definitions.within_months
    group by
        survival.span,
        survival.window_start,
        survival.window_end,
        survival.cut_kind,
        survival.cut_value,
        survival.reading,
        survival.variant,
        landing_definitions.within_months

),

figures as (

    select
        span,
        plan_name,
        plan_year,
        window_start,
        window_end,
        evaluated_on,
        cut_kind,
        cut_value,
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
        end as value,
        cast(null as decimal(18, 6)) as lower_value,
        cast(null as decimal(18, 6)) as upper_value,
        withdrawn_count,
        is_mature,
        cast(null as integer) as months_followed
    from funnel

    union all

    select
        span,
        plan_name,
        plan_year,
        window_start,
        window_end,
        closes_on as evaluated_on,
        cut_kind,
        cut_value,
        reading,
        'cohort' as form,
        measure,
        variant,
        basis,
        numerator,
        denominator,
        value,
        cast(null as decimal(18, 6)) as lower_value,
        cast(null as decimal(18, 6)) as upper_value,
        cast(null as integer) as withdrawn_count,
        cast(null as boolean) as is_mature,
        cast(null as integer) as months_followed
    from results

    union all

    select
        landing_estimates.span,
        points.plan_name,
        points.plan_year,
        landing_estimates.window_start,
        landing_estimates.window_end,
        points.evaluated_on,
        landing_estimates.cut_kind,
        landing_estimates.cut_value,
        landing_estimates.reading,
        'cohort' as form,
        'landing_rate_36m' as measure,
        case landing_estimates.variant
            when 'main' then 'kaplan_meier' else landing_estimates.variant || '_kaplan_meier'
        end as variant,
        'count' as basis,
        cast(landing_estimates.landed as decimal(20, 4)) as numerator,
        cast(landing_estimates.signed as decimal(20, 4)) as denominator,
        landing_estimates.km_value as value,
        landing_estimates.km_lower as lower_value,
        landing_estimates.km_upper as upper_value,
        cast(null as integer) as withdrawn_count,
        landing_estimates.window_end + to_months(landing_estimates.within_months)
        <= points.evaluated_on as is_mature,
        landing_estimates.months_followed
    from landing_estimates
    inner join points
        on
            landing_estimates.span = points.span
            and landing_estimates.window_start = points.window_start
            and landing_estimates.window_end = points.window_end

    union all

    select
        stays.span,
        points.plan_name,
        points.plan_year,
        stays.window_start,
        stays.window_end,
        points.evaluated_on,
        stays.cut_kind,
        stays.cut_value,
        stays.reading,
        'cohort' as form,
        'days_in_stage' as measure,
        stays.from_stage || '_to_' || stays.to_stage
        || case stays.method when 'kaplan_meier' then '_kaplan_meier' else '' end as variant,
        'count' as basis,
        cast(stays.moved_on as decimal(20, 4)) as numerator,
        cast(stays.entered as decimal(20, 4)) as denominator,
        stays.median as value,
        stays.quartile_1 as lower_value,
        stays.quartile_3 as upper_value,
        cast(null as integer) as withdrawn_count,
        cast(null as boolean) as is_mature,
        cast(null as integer) as months_followed
    from stays
    inner join points
        on
            stays.span = points.span
            and stays.window_start = points.window_start
            and stays.window_end = points.window_end

),

-- Each figure beside that of the year before, on the same day of it where the span says so, and
-- beside what the documents alone show.
compared as (

    select
        figures.span,
        figures.plan_name,
        figures.plan_year,
        figures.window_start,
        figures.window_end,
        figures.evaluated_on,
        figures.cut_kind,
        figures.cut_value,
        figures.reading,
        figures.form,
        figures.measure,
        figures.variant,
        figures.basis,
        figures.numerator,
        figures.denominator,
        figures.value,
        figures.lower_value,
        figures.upper_value,
        figures.withdrawn_count,
        figures.is_mature,
        figures.months_followed,
        -- 水分, and what the checks hold back: the same on every reading's row.
        max(figures.value) filter (where figures.reading = 'claimed') over one_figure
        - max(figures.value) filter (where figures.reading = 'evidenced') over one_figure
            as unsupported_value,
        max(figures.value) filter (where figures.reading = 'evidenced') over one_figure
        - max(figures.value) filter (where figures.reading = 'verified') over one_figure
            as held_back_value,
        -- An unfinished year has only its same period to be compared with.
        case
            when figures.span = 'same_period' or figures.window_end <= {{ as_of() }}
                then last_year.value
        end as previous_value
    from figures
    left join figures as last_year
        on
            figures.span = last_year.span
            and figures.plan_year = last_year.plan_year + 1
            and figures.cut_kind = last_year.cut_kind
            and figures.cut_value = last_year.cut_value
            and figures.reading = last_year.reading
            and figures.form = last_year.form
            and figures.measure = last_year.measure
            and figures.variant = last_year.variant
            and figures.basis = last_year.basis
    window one_figure as (
        partition by
            figures.span, figures.window_start, figures.window_end, figures.cut_kind,
            figures.cut_value, figures.form, figures.measure, figures.variant, figures.basis
    )

),

judged as (

    select
        compared.span,
        compared.plan_name,
        compared.plan_year,
        compared.window_start,
        compared.window_end,
        compared.evaluated_on,
        compared.cut_kind,
        compared.cut_value,
        compared.reading,
        compared.form,
        compared.measure,
        compared.variant,
        compared.basis,
        compared.numerator,
        compared.denominator,
        compared.value,
        compared.lower_value,
        compared.upper_value,
        compared.unsupported_value,
        compared.held_back_value,
        compared.withdrawn_count,
        compared.is_mature,
        compared.months_followed,
        compared.previous_value,
        -- What is not mature yet is not measured against what is.
        case
            when coalesce(compared.is_mature, true) then compared.value - compared.previous_value
        end as change,
        targets.target_value,
        principles.principle,
        case
            when
                compared.span in ('same_period', 'year_end') and principles.principle is not null
                then compared.value >= compared.previous_value
        end as is_held
    from compared
    left join targets
        on
            compared.plan_year is not distinct from targets.plan_year
            and compared.plan_name = targets.plan_name
            -- Targets are set for boards; their sum is that of their district and of the whole.
            and compared.cut_kind in ('district', 'reporting_unit')
            and compared.cut_value = targets.reporting_unit
            and compared.measure = targets.measure
            and compared.variant = targets.variant
            and compared.form = targets.form
            and compared.basis = targets.basis
    left join principles
        on
            compared.measure = principles.measure
            and compared.variant = principles.variant
            and compared.form = principles.form
            and compared.basis = principles.basis

),

rules as (

    select
        {{ rule('retrospective_rule', 'output_input_low') }} as low,
        {{ rule('retrospective_rule', 'output_input_very_low') }} as very_low

),

-- A principle is held where every figure of it that can be compared is.
verdicts as (

    select
        span,
        window_start,
        window_end,
        cut_kind,
        cut_value,
        reading,
        {{ principle_verdict('quantity') }} as quantity_verdict,
        {{ principle_verdict('quality') }} as quality_verdict,
        {{ principle_verdict('contribution') }} as contribution_verdict
    from judged
    where span in ('same_period', 'year_end')
    group by all

),

final as (

    select
        judged.span,
        judged.plan_name,
        judged.plan_year,
        judged.window_start,
        judged.window_end,
        judged.evaluated_on,
        judged.cut_kind,
        judged.cut_value,
        judged.reading,
        judged.form,
        judged.measure,
        judged.variant,
        judged.basis,
        judged.numerator,
        judged.denominator,
        judged.value,
        judged.lower_value,
        judged.upper_value,
        cast(judged.unsupported_value as decimal(18, 6)) as unsupported_value,
        cast(judged.held_back_value as decimal(18, 6)) as held_back_value,
        judged.withdrawn_count,
        judged.is_mature,
        judged.months_followed,
        judged.previous_value,
        cast(judged.change as decimal(18, 6)) as change,
        judged.target_value,
        {{ exact_ratio('judged.numerator', 'judged.target_value') }} as attainment,
        case
            when judged.measure <> 'output_input_ratio' or judged.variant <> 'main' then null
            when judged.value < rules.very_low then 'very_low'
            when judged.value < rules.low then 'low'
        end as flag,
        judged.principle,
        judged.is_held,
        verdicts.quantity_verdict,
        verdicts.quality_verdict,
        verdicts.contribution_verdict,
        {{ as_of() }} as as_of,
        {{ known_on() }} as known_on
    from judged
    cross join rules
    left join verdicts
        on
            judged.span = verdicts.span
            and judged.window_start = verdicts.window_start
            and judged.window_end = verdicts.window_end
            and judged.cut_kind = verdicts.cut_kind
            and judged.cut_value = verdicts.cut_value
            and judged.reading = verdicts.reading

)

select
    span,
    plan_name,
    plan_year,
    window_start,
    window_end,
    evaluated_on,
    cut_kind,
    cut_value,
    reading,
    form,
    measure,
    variant,
    basis,
    numerator,
    denominator,
    value,
    lower_value,
    upper_value,
    unsupported_value,
    held_back_value,
    withdrawn_count,
    is_mature,
    months_followed,
    previous_value,
    change,
    target_value,
    attainment,
    flag,
    principle,
    is_held,
    quantity_verdict,
    quality_verdict,
    contribution_verdict,
    as_of,
    known_on
from final
order by
    cut_kind,
    cut_value,
    span,
    window_start,
    measure,
    variant,
    form,
    basis,
    reading
