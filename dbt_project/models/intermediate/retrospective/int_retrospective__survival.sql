-- Kaplan-Meier of landing and production by signing year or plan, cut and reading, month by month
-- for as long as somebody is followed.
{%- set keys = [
    "span", "window_start", "window_end", "cut_kind", "cut_value", "reading", "variant",
] %}

with

subjects as (

    select
        project_id,
        reading,
        variant,
        signed_on,
        is_event,
        months_followed
    from {{ ref('int_retrospective__landing') }}

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

ended as (

    select
        points.span,
        points.window_start,
        points.window_end,
        cuts.cut_kind,
        cuts.cut_value,
        subjects.reading,
        subjects.variant,
        subjects.months_followed,
        count(*) as exits,
        count(*) filter (where subjects.is_event) as events
    from subjects
    inner join points
        on
            subjects.signed_on >= points.window_start
            and subjects.signed_on <= points.window_end
    inner join cuts on subjects.project_id = cuts.project_id
    group by all

),

followed as (

    select
        span,
        window_start,
        window_end,
        cut_kind,
        cut_value,
        reading,
        variant,
        max(months_followed) as last_month
    from ended
    group by all

),

months as (

    select
        followed.span,
        followed.window_start,
        followed.window_end,
        followed.cut_kind,
        followed.cut_value,
        followed.reading,
        followed.variant,
        unnest(range(cast(followed.last_month as bigint) + 1)) as duration
    from followed

),

exits as (

    select
        months.span,
        months.window_start,
        months.window_end,
        months.cut_kind,
        months.cut_value,
        months.reading,
        months.variant,
        months.duration,
        coalesce(ended.exits, 0) as exits,
        coalesce(ended.events, 0) as events
    from months
    left join ended
        on
            months.span = ended.span
            and months.window_start = ended.window_start
            and months.window_end = ended.window_end
            and months.cut_kind = ended.cut_kind
            and months.cut_value = ended.cut_value
            and months.reading = ended.reading
            and months.variant = ended.variant
            and months.duration = ended.months_followed

),

{{ kaplan_meier_ctes("exits", keys) }},

-- Published is the share that landed: one less those still to come.
final as (

    select
        span,
        window_start,
        window_end,
        cut_kind,
        cut_value,
        reading,
        variant,
        cast(duration as integer) as months_since_signing,
        at_risk,
        events,
        censored,
        cast(1 - survival as decimal(18, 6)) as km_value,
        cast(1 - survival_upper as decimal(18, 6)) as km_lower,
        cast(1 - survival_lower as decimal(18, 6)) as km_upper
    from kaplan_meier

)

select
    span,
    window_start,
    window_end,
    cut_kind,
    cut_value,
    reading,
    variant,
    months_since_signing,
    at_risk,
    events,
    censored,
    km_value,
    km_lower,
    km_upper
from final
