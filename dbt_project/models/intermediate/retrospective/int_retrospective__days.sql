-- Time in stage by the year or plan of entry, cut and reading: median and quartiles of the stays
-- that ended, and Kaplan-Meier's where projects are still in the stage.
{%- set keys = [
    "span", "window_start", "window_end", "cut_kind", "cut_value", "reading",
    "from_stage", "to_stage",
] %}

with

stays as (

    select
        project_id,
        reading,
        from_stage,
        to_stage,
        entered_on,
        is_event,
        days_in_stage,
        days_followed
    from {{ ref('int_retrospective__stay') }}

),

cuts as (

    select
        project_id,
        cut_kind,
        cut_value
    from {{ ref('int_funnel__cut') }}

),

points as (

    select
        span,
        window_start,
        window_end
    from {{ ref('int_retrospective__point') }}
    where span in ('year', 'plan')

),

in_cells as (

    select
        points.span,
        points.window_start,
        points.window_end,
        cuts.cut_kind,
        cuts.cut_value,
        stays.reading,
        stays.from_stage,
        stays.to_stage,
        stays.is_event,
        stays.days_in_stage,
        stays.days_followed
    from stays
    inner join points
        on
            stays.entered_on >= points.window_start
            and stays.entered_on <= points.window_end
    inner join cuts on stays.project_id = cuts.project_id

),

observed as (

    select
        {{ keys | join(",\n        ") }},
        count(*) as entered,
        count(days_in_stage) as moved_on,
        quantile_cont(days_in_stage, 0.25) as quartile_1,
        quantile_cont(days_in_stage, 0.5) as median,
        quantile_cont(days_in_stage, 0.75) as quartile_3
    from in_cells
    group by all

),

exits as (

    select
        {{ keys | join(",\n        ") }},
        days_followed as duration,
        count(*) as exits,
        count(*) filter (where is_event) as events
    from in_cells
    group by all

),

{{ kaplan_meier_ctes("exits", keys) }},

-- The first day on which at most so many are still there; null where it has not come yet.
estimated as (

    select
        {{ keys | join(",\n        ") }},
        min(duration) filter (where round(survival, 12) <= 0.75) as quartile_1,
        min(duration) filter (where round(survival, 12) <= 0.5) as median,
        min(duration) filter (where round(survival, 12) <= 0.25) as quartile_3
    from kaplan_meier
    group by all

),

final as (

    select
        {{ keys | join(",\n        ") }},
        'observed' as method,
        moved_on,
        entered,
        cast(median as decimal(18, 6)) as median,
        cast(quartile_1 as decimal(18, 6)) as quartile_1,
        cast(quartile_3 as decimal(18, 6)) as quartile_3
    from observed

    union all

    select
        observed.span,
        observed.window_start,
        observed.window_end,
        observed.cut_kind,
        observed.cut_value,
        observed.reading,
        observed.from_stage,
        observed.to_stage,
        'kaplan_meier' as method,
        observed.moved_on,
        observed.entered,
        cast(estimated.median as decimal(18, 6)) as median,
        cast(estimated.quartile_1 as decimal(18, 6)) as quartile_1,
        cast(estimated.quartile_3 as decimal(18, 6)) as quartile_3
    from observed
    inner join estimated
        on
            {% for key in keys -%}
                {{ "and " if not loop.first }}observed.{{ key }} = estimated.{{ key }}
            {% endfor %}
)

select
    span,
    window_start,
    window_end,
    cut_kind,
    cut_value,
    reading,
    from_stage,
    to_stage,
    method,
    moved_on,
    entered,
    median,
    quartile_1,
    quartile_3
from final
