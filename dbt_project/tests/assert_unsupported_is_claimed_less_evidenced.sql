-- 水分: beside every figure stands what is claimed less what is evidenced, of rates their values, of
-- figures without a denominator their numerators.
with

figures as (

    select
        cut_kind,
        cut_value,
        window_kind,
        window_start,
        form,
        measure,
        variant,
        basis,
        reading,
        case when denominator is null then numerator else value end as figure,
        unsupported_value
    from {{ ref('mart_funnel') }}

),

claimed as (

    select
        cut_kind,
        cut_value,
        window_kind,
        window_start,
        form,
        measure,
        variant,
        basis,
        figure,
        unsupported_value
    from figures
    where reading = 'claimed'

),

evidenced as (

    select
        cut_kind,
        cut_value,
        window_kind,
        window_start,
        form,
        measure,
        variant,
        basis,
        figure,
        unsupported_value
    from figures
    where reading = 'evidenced'

),

final as (

    select
        claimed.cut_kind,
        claimed.cut_value,
        claimed.window_kind,
        claimed.window_start,
        claimed.form,
        claimed.measure,
        claimed.variant,
        claimed.basis,
        claimed.figure as claimed_figure,
        evidenced.figure as evidenced_figure,
        claimed.unsupported_value
    from claimed
    full outer join evidenced
        on
            claimed.cut_kind = evidenced.cut_kind
            and claimed.cut_value = evidenced.cut_value
            and claimed.window_kind = evidenced.window_kind
            and claimed.window_start is not distinct from evidenced.window_start
            and claimed.form = evidenced.form
            and claimed.measure = evidenced.measure
            and claimed.variant = evidenced.variant
            and claimed.basis = evidenced.basis
    where
        claimed.cut_kind is null
        or evidenced.cut_kind is null
        or claimed.unsupported_value is distinct from claimed.figure - evidenced.figure
        or evidenced.unsupported_value is distinct from claimed.unsupported_value

)

select
    cut_kind,
    cut_value,
    window_kind,
    window_start,
    form,
    measure,
    variant,
    basis,
    claimed_figure,
    evidenced_figure,
    unsupported_value
from final
