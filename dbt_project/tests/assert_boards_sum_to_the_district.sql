-- Every cut of the funnel adds up to the whole, window by window: the boards, the towns, the
-- channels, and the districts where there is more than one.
with

figures as (

    select
        cut_kind,
        cut_kind = 'district' and cut_value = '全区' as is_whole,
        window_kind,
        window_start,
        reading,
        form,
        measure,
        variant,
        basis,
        numerator,
        coalesce(denominator, 0) as denominator,
        withdrawn_count
    from {{ ref('mart_funnel') }}

),

wholes as (

    select
        window_kind,
        window_start,
        reading,
        form,
        measure,
        variant,
        basis,
        numerator,
        denominator,
        withdrawn_count
    from figures
    where is_whole

),

sums as (

    select
        cut_kind,
        window_kind,
        window_start,
        reading,
        form,
        measure,
        variant,
        basis,
        sum(numerator) as numerator,
        sum(denominator) as denominator,
        sum(withdrawn_count) as withdrawn_count
    from figures
    where not is_whole
    group by all

),

cut_kinds as (

    select distinct cut_kind
    from sums

),

-- A window in which a cut has no row is a window in which nothing happened.
final as (

    select
        cut_kinds.cut_kind,
        wholes.window_kind,
        wholes.window_start,
        wholes.reading,
        wholes.form,
        wholes.measure,
        wholes.variant,
        wholes.basis,
        wholes.numerator,
        sums.numerator as cut_numerator,
        wholes.denominator,
        sums.denominator as cut_denominator
    from wholes
    cross join cut_kinds
    left join sums
        on
            cut_kinds.cut_kind = sums.cut_kind
            and wholes.window_kind = sums.window_kind
            and wholes.window_start is not distinct from sums.window_start
            and wholes.reading = sums.reading
            and wholes.form = sums.form
            and wholes.measure = sums.measure
            and wholes.variant = sums.variant
            and wholes.basis = sums.basis
    where
        wholes.numerator <> coalesce(sums.numerator, 0)
        or wholes.denominator <> coalesce(sums.denominator, 0)
        or wholes.withdrawn_count <> coalesce(sums.withdrawn_count, 0)

)

select
    cut_kind,
    window_kind,
    window_start,
    reading,
    form,
    measure,
    variant,
    basis,
    numerator,
    cut_numerator,
    denominator,
    cut_denominator
from final
