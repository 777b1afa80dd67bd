-- The difference between two readings of a figure, numerator and denominator, is the sum of the
-- projects that make it up.

with

figures as (

    select
        cut_kind,
        cut_value,
        window_kind,
        window_start,
        window_end,
        form,
        measure,
        variant,
        basis,
        reading,
        numerator,
        coalesce(denominator, 0) as denominator
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
        gap,
        measure,
        variant,
        form,
        part,
        project_id,
        placed_on,
        counted,
        amount
    from {{ ref('fct_figure_part') }}

),

-- An unsupported part is in the claimed figure and not in the evidenced one, and so on.
differences as (

    select
        figures.cut_kind,
        figures.cut_value,
        figures.window_kind,
        figures.window_start,
        figures.window_end,
        figures.form,
        figures.measure,
        figures.variant,
        figures.basis,
        gaps.gap,
        sum(
            case figures.reading
                when gaps.upper_reading then figures.numerator
                else -figures.numerator
            end
        ) as numerator,
        sum(
            case figures.reading
                when gaps.upper_reading then figures.denominator
                else -figures.denominator
            end
        ) as denominator
    from figures
    inner join (
        values
        ('unsupported', 'claimed', 'evidenced'),
        ('held_back', 'evidenced', 'verified')
    ) as gaps (gap, upper_reading, lower_reading)
        on figures.reading in (gaps.upper_reading, gaps.lower_reading)
    group by all

),

by_year as (

    select
        cuts.cut_kind,
        cuts.cut_value,
        parts.gap,
        parts.measure,
        parts.variant,
        parts.form,
        cast(date_trunc('year', parts.placed_on) as date) as year_start,
        sum(parts.counted) filter (where parts.part = 'numerator') as numerator_count,
        sum(parts.amount) filter (where parts.part = 'numerator') as numerator_amount,
        sum(parts.counted) filter (where parts.part = 'denominator') as denominator_count,
        sum(parts.amount) filter (where parts.part = 'denominator') as denominator_amount
    from parts
    inner join cuts on parts.project_id = cuts.project_id
    group by all

),

summed as (

    select
        differences.cut_kind,
        differences.cut_value,
        differences.window_kind,
        differences.window_start,
        differences.form,
        differences.measure,
        differences.variant,
        differences.basis,
        differences.gap,
        differences.numerator,
        differences.denominator,
        coalesce(sum(case differences.basis
            when 'count' then by_year.numerator_count
            else by_year.numerator_amount
        end), 0) as numerator_parts,
        coalesce(sum(case differences.basis
            when 'count' then by_year.denominator_count
            else by_year.denominator_amount
        end), 0) as denominator_parts
    from differences
    left join by_year
        on
            differences.cut_kind = by_year.cut_kind
            and differences.cut_value = by_year.cut_value
            and differences.gap = by_year.gap
            and differences.measure = by_year.measure
            and differences.variant = by_year.variant
            and differences.form = by_year.form
            and by_year.year_start between differences.window_start and differences.window_end
    group by all

)

select *
from summed
where
    numerator <> numerator_parts
    or denominator <> denominator_parts
