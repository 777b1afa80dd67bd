-- The units that answer for them and the blockers are named inside the district only.

with

rows_of_projects as (

    select
        district_code,
        {{ cuts_of_board() }},
        milestone,
        postponed_days,
        milestone_state,
        is_overdue,
        overdue_days,
        as_of,
        known_on
    from {{ ref('mart_milestone') }}

),

final as (

    select
        district_code,
        struct_extract(cut, 'cut_kind') as cut_kind,
        struct_extract(cut, 'cut_value') as cut_value,
        milestone,
        milestone_state,
        count(*) as milestone_count,
        count(*) filter (where postponed_days > 0) as postponed_count,
        cast(median(overdue_days) filter (where is_overdue) as decimal(10, 1))
            as median_overdue_days,
        max(overdue_days) filter (where is_overdue) as longest_overdue_days,
        as_of,
        known_on
    from rows_of_projects
    group by all

)

select
    {{ described_columns() }}
from final
