-- The path from production to the agreed figures, month by month: straight lines between the points
-- of the version in force on as_of, flat after the last.

with

points as (

    select
        month_no,
        share
    from {{ ref('growth_ramp') }}
    where effective_from <= {{ as_of() }}
    qualify effective_from = max(effective_from) over ()

),

segments as (

    select
        month_no as from_month,
        share as from_share,
        lead(month_no) over (order by month_no) as to_month,
        lead(share) over (order by month_no) as to_share
    from points

),

months as (

    select cast(unnest(generate_series(0, 240)) as integer) as month_no

),

final as (

    select
        months.month_no,
        cast(
            segments.from_share
            + coalesce(
                {{ exact_ratio(
                    "(segments.to_share - segments.from_share)"
                    ~ " * (months.month_no - segments.from_month)",
                    "cast(segments.to_month - segments.from_month as decimal(18, 6))",
                ) }},
                0
            ) as decimal(18, 6)
        ) as share
    from months
    inner join segments
        on
            months.month_no >= segments.from_month
            and coalesce(months.month_no < segments.to_month, true)

)

select
    month_no,
    share
from final
