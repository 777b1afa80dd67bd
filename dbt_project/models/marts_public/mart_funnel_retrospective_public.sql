-- What public_measure names, and nothing else: as it stands, or as far as suppression lets it.

with

figures as (

    select
        span,
        plan_name,
        plan_year,
        window_start,
        window_end,
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
        target_value,
        attainment
    from {{ ref('mart_funnel_retrospective') }}

),

measures as (

    select
        measure,
        variant,
        reading,
        quantity
    from {{ ref('public_measure') }}
    where effective_from <= {{ as_of() }}

),

cells as (

    select distinct
        measure,
        variant,
        reading,
        quantity,
        plan_year,
        window_end,
        cut_kind,
        cut_value,
        {{ public_cell(
            "'retrospective'", ["measure", "variant", "reading", "cut_kind", "cut_value"]
        ) }} as cell
    from {{ ref('int_public__retrospective') }}

),

decisions as (

    select
        quantity,
        cell,
        is_shown
    from {{ ref('int_public__suppression') }}

),

open_figures as (

    select
        figures.span,
        figures.plan_name,
        figures.plan_year,
        figures.window_start,
        figures.window_end,
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
        figures.unsupported_value,
        figures.held_back_value,
        figures.withdrawn_count,
        figures.is_mature,
        figures.target_value,
        figures.attainment,
        false as is_suppressed
    from figures
    inner join measures on figures.measure = measures.measure
    where measures.quantity is null

),

protected_figures as (

    select
        figures.span,
        figures.plan_name,
        figures.plan_year,
        figures.window_start,
        figures.window_end,
        figures.cut_kind,
        figures.cut_value,
        figures.reading,
        figures.form,
        figures.measure,
        figures.variant,
        figures.basis,
        case when decisions.is_shown then figures.numerator end as numerator,
        figures.denominator,
        case when decisions.is_shown then figures.value end as value,
        cast(null as decimal(18, 6)) as lower_value,
        cast(null as decimal(18, 6)) as upper_value,
        cast(null as decimal(18, 6)) as unsupported_value,
        cast(null as decimal(18, 6)) as held_back_value,
        figures.withdrawn_count,
        figures.is_mature,
        cast(null as decimal(20, 4)) as target_value,
        cast(null as decimal(18, 6)) as attainment,
        decisions.is_shown is false as is_suppressed
    from figures
    inner join measures
        on
            figures.measure = measures.measure
            and figures.variant = measures.variant
            and figures.reading = measures.reading
    inner join cells
        on
            figures.measure = cells.measure
            and figures.variant = cells.variant
            and figures.reading = cells.reading
            and figures.plan_year = cells.plan_year
            and figures.cut_kind = cells.cut_kind
            and figures.cut_value = cells.cut_value
    left join decisions
        on
            cells.cell = decisions.cell
            and decisions.quantity = cells.quantity || ' ' || cells.window_end
    where
        measures.quantity is not null
        and figures.span = 'year'

),

final as (

    select * from open_figures
    union all
    select * from protected_figures

)

select
    span,
    plan_name,
    plan_year,
    window_start,
    window_end,
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
    target_value,
    attainment,
    is_suppressed,
    {{ as_of() }} as as_of,
    {{ known_on() }} as known_on
from final
