-- Counts of projects and investment are public (metrics.md, Confidentiality): nothing is
-- suppressed here.

with

figures as (

    select
        cut_kind,
        cut_value,
        window_kind,
        window_start,
        window_end,
        reading,
        form,
        measure,
        variant,
        basis,
        numerator,
        denominator,
        value,
        unsupported_value,
        withdrawn_count,
        is_mature,
        as_of,
        known_on,
        held_back_value
    from {{ ref('mart_funnel') }}

),

final as (

    select
        cut_kind,
        cut_value,
        window_kind,
        window_start,
        window_end,
        reading,
        form,
        measure,
        variant,
        basis,
        numerator,
        denominator,
        value,
        unsupported_value,
        withdrawn_count,
        is_mature,
        as_of,
        known_on,
        held_back_value
    from figures

)

select
    cut_kind,
    cut_value,
    window_kind,
    window_start,
    window_end,
    reading,
    form,
    measure,
    variant,
    basis,
    numerator,
    denominator,
    value,
    unsupported_value,
    withdrawn_count,
    is_mature,
    as_of,
    known_on,
    held_back_value
from final
