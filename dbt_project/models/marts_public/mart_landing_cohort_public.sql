-- Counts of projects and investment are public (metrics.md, Confidentiality).
with

final as (

    select
        cut_kind,
        cut_value,
        signing_year,
        months_since_signing,
        reading,
        variant,
        basis,
        numerator,
        denominator,
        value,
        unsupported_value,
        held_back_value,
        at_risk,
        events,
        censored,
        km_value,
        km_lower,
        km_upper,
        is_mature,
        as_of,
        known_on
    from {{ ref('mart_landing_cohort') }}

)

select
    cut_kind,
    cut_value,
    signing_year,
    months_since_signing,
    reading,
    variant,
    basis,
    numerator,
    denominator,
    value,
    unsupported_value,
    held_back_value,
    at_risk,
    events,
    censored,
    km_value,
    km_lower,
    km_upper,
    is_mature,
    as_of,
    known_on
from final
