-- What public_measure names without a confidential quantity, and nothing else.
with

figures as (

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
        as_of,
        known_on
    from {{ ref('mart_board_scorecard') }}

),

measures as (

    select distinct measure
    from {{ ref('public_measure') }}
    where
        quantity is null
        and effective_from <= {{ as_of() }}

),

final as (

    select
        figures.reporting_unit,
        figures.month_end,
        figures.window_start,
        figures.reading,
        figures.form,
        figures.measure,
        figures.variant,
        figures.basis,
        figures.numerator,
        figures.denominator,
        figures.value,
        figures.unsupported_value,
        figures.held_back_value,
        figures.target_value,
        figures.attainment,
        figures.rank_no,
        figures.ranked_boards,
        figures.previous_rank_no,
        figures.rank_move,
        figures.previous_value,
        figures.change,
        figures.as_of,
        figures.known_on
    from figures
    inner join measures on figures.measure = measures.measure

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
    as_of,
    known_on
from final
