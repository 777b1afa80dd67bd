-- Every numerator, denominator and withdrawn count of the funnel is the sum of its rows.

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
        withdrawn_count
    from {{ ref('mart_funnel') }}
    where window_kind in ('year', 'plan', 'all')

),

cuts as (

    select
        project_id,
        cut_kind,
        cut_value
    from {{ ref('bridge_project_cut') }}

),

parts as (

    select
        measure,
        variant,
        form,
        reading,
        part,
        project_id,
        placed_on,
        counted,
        amount,
        is_withdrawn
    from {{ ref('fct_figure_row') }}

),

by_year as (

    select
        cuts.cut_kind,
        cuts.cut_value,
        parts.measure,
        parts.variant,
        parts.form,
        parts.reading,
        cast(date_trunc('year', parts.placed_on) as date) as year_start,
        sum(parts.counted) filter (where parts.part = 'numerator') as numerator_count,
        sum(parts.amount) filter (where parts.part = 'numerator') as numerator_amount,
        sum(parts.counted) filter (where parts.part = 'denominator') as denominator_count,
        sum(parts.amount) filter (where parts.part = 'denominator') as denominator_amount,
        count(*) filter (where parts.is_withdrawn) as withdrawn_count
    from parts
    inner join cuts on parts.project_id = cuts.project_id
    group by all

),

summed as (

    select
        figures.cut_kind,
        figures.cut_value,
        figures.window_kind,
        figures.window_start,
        figures.window_end,
        figures.measure,
        figures.variant,
        figures.form,
        figures.reading,
        figures.basis,
        figures.numerator,
        figures.denominator,
        figures.withdrawn_count,
        coalesce(sum(case figures.basis
            when 'count' then by_year.numerator_count
            else by_year.numerator_amount
        end), 0) as numerator_rows,
        coalesce(sum(case figures.basis
            when 'count' then by_year.denominator_count
            else by_year.denominator_amount
        end), 0) as denominator_rows,
        coalesce(sum(by_year.withdrawn_count), 0) as withdrawn_rows
    from figures
    left join by_year
        on
            figures.cut_kind = by_year.cut_kind
            and figures.cut_value = by_year.cut_value
            and figures.measure = by_year.measure
            and figures.variant = by_year.variant
            and figures.form = by_year.form
            and figures.reading = by_year.reading
            and by_year.year_start between figures.window_start and figures.window_end
    group by all

)

select
    cut_kind,
    cut_value,
    window_kind,
    window_start,
    measure,
    variant,
    form,
    reading,
    basis,
    numerator,
    numerator_rows,
    denominator,
    denominator_rows,
    withdrawn_count,
    withdrawn_rows
from summed
where
    numerator <> numerator_rows
    or coalesce(denominator, 0) <> denominator_rows
    or withdrawn_count <> withdrawn_rows
