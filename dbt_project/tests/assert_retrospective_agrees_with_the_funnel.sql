-- One figure, one number: the retrospective's years and plans are those of mart_funnel, the landing
-- curve is landing_rate_36m after 36 months, and the boards of a month add up to the district.
with

funnel as (

    select
        window_kind,
        window_start,
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
        unsupported_value,
        held_back_value,
        withdrawn_count,
        is_mature
    from {{ ref('mart_funnel') }}

),

retrospective as (

    select
        span,
        window_start,
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
        unsupported_value,
        held_back_value,
        withdrawn_count,
        is_mature
    from {{ ref('mart_funnel_retrospective') }}
    where span <> 'same_period'

),

curve as (

    select
        cut_kind,
        cut_value,
        signing_year,
        reading,
        variant,
        basis,
        numerator,
        denominator,
        value
    from {{ ref('mart_landing_cohort') }}
    where months_since_signing = 36

),

months as (

    select
        window_end,
        cut_kind,
        reading,
        form,
        measure,
        variant,
        basis,
        numerator
    from {{ ref('int_retrospective__funnel') }}
    where
        span = 'month'
        and (cut_kind = 'reporting_unit' or (cut_kind = 'district' and cut_value = '全区'))

),

years_differ as (

    select
        'mart_funnel_retrospective' as table_name,
        retrospective.measure,
        retrospective.variant,
        retrospective.cut_value,
        retrospective.window_start as at_day,
        retrospective.reading,
        retrospective.numerator,
        funnel.numerator as expected_numerator
    from retrospective
    inner join funnel
        on
            retrospective.span = funnel.window_kind
            and retrospective.window_start = funnel.window_start
            and retrospective.cut_kind = funnel.cut_kind
            and retrospective.cut_value = funnel.cut_value
            and retrospective.reading = funnel.reading
            and retrospective.form = funnel.form
            and retrospective.measure = funnel.measure
            and retrospective.variant = funnel.variant
            and retrospective.basis = funnel.basis
    where
        retrospective.numerator is distinct from funnel.numerator
        or retrospective.denominator is distinct from funnel.denominator
        or retrospective.unsupported_value is distinct from funnel.unsupported_value
        or retrospective.held_back_value is distinct from funnel.held_back_value
        or retrospective.withdrawn_count is distinct from funnel.withdrawn_count
        or retrospective.is_mature is distinct from funnel.is_mature
        or (
            funnel.denominator is not null
            and retrospective.value is distinct from funnel.value
        )

),

curves_differ as (

    select
        'mart_landing_cohort' as table_name,
        'landing_rate_36m' as measure,
        curve.variant,
        curve.cut_value,
        funnel.window_start as at_day,
        curve.reading,
        curve.numerator,
        funnel.numerator as expected_numerator
    from curve
    inner join funnel
        on
            curve.cut_kind = funnel.cut_kind
            and curve.cut_value = funnel.cut_value
            and curve.signing_year = year(funnel.window_start)
            and curve.reading = funnel.reading
            and curve.variant = funnel.variant
            and curve.basis = funnel.basis
    where
        funnel.measure = 'landing_rate_36m'
        and funnel.window_kind = 'year'
        and (
            curve.numerator is distinct from funnel.numerator
            or curve.denominator is distinct from funnel.denominator
            or curve.value is distinct from funnel.value
        )

),

boards_differ as (

    select
        'mart_board_scorecard' as table_name,
        measure,
        variant,
        basis as cut_value,
        window_end as at_day,
        reading,
        sum(numerator) filter (where cut_kind = 'reporting_unit') as numerator,
        sum(numerator) filter (where cut_kind = 'district') as expected_numerator
    from months
    group by measure, variant, basis, form, window_end, reading
    having
        -- A world without projects has a district and no board.
        coalesce(sum(numerator) filter (where cut_kind = 'reporting_unit'), 0)
        is distinct from sum(numerator) filter (where cut_kind = 'district')

)

select
    table_name,
    measure,
    variant,
    cut_value,
    at_day,
    reading,
    numerator,
    expected_numerator
from years_differ

union all

select
    table_name,
    measure,
    variant,
    cut_value,
    at_day,
    reading,
    numerator,
    expected_numerator
from curves_differ

union all

select
    table_name,
    measure,
    variant,
    cut_value,
    at_day,
    reading,
    numerator,
    expected_numerator
from boards_differ
