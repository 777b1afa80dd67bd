-- Beside every figure stand 水分, claimed less evidenced, and what the checks hold back,
-- evidenced less verified: of rates their values, of figures without a denominator their
-- numerators; the same in every reading. What is verified is part of what is evidenced; only
-- investment, which months may lower, can grow when a project leaves.

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
        numerator,
        denominator,
        case when denominator is null then numerator else value end as figure,
        unsupported_value,
        held_back_value
    from {{ ref('mart_funnel') }}

),

side_by_side as (

    select
        cut_kind,
        cut_value,
        window_kind,
        window_start,
        form,
        measure,
        variant,
        basis,
        count(*) as reading_count,
        {%- for difference in ["unsupported", "held_back"] %}
            count(distinct {{ difference }}_value) as {{ difference }}_count,
            count({{ difference }}_value) as {{ difference }}_rows,
            any_value({{ difference }}_value) as {{ difference }}_value,
        {%- endfor %}
    {%- for reading in ["claimed", "evidenced", "verified"] %}
        max(figure) filter (where reading = '{{ reading }}') as {{ reading }}_figure,
        max(numerator) filter (where reading = '{{ reading }}') as {{ reading }}_numerator,
        max(denominator) filter (where reading = '{{ reading }}') as {{ reading }}_denominator
        {{- "," if not loop.last }}
    {%- endfor %}
    from figures
    group by all

)

select *
from side_by_side
where
    reading_count <> 3
    or unsupported_rows not in (0, 3)
    or unsupported_count > 1
    or unsupported_value is distinct from claimed_figure - evidenced_figure
    or held_back_rows not in (0, 3)
    or held_back_count > 1
    or held_back_value is distinct from evidenced_figure - verified_figure
    or verified_denominator > evidenced_denominator
    or (
        verified_numerator > evidenced_numerator
        and measure not in ('investment_cum', 'investment_completion_rate')
    )
