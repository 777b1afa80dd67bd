-- Counts of projects, days and investment are public.

with

rows_of_projects as (

    select
        district_code,
        {{ cuts_of_board() }},
        stage_no,
        stage_zh,
        bottleneck_kind,
        days_waiting,
        days_beyond_peers,
        days_beyond_agreed,
        planned_investment,
        money_waiting,
        as_of,
        known_on
    from {{ ref('mart_bottleneck') }}

),

final as (

    select
        district_code,
        struct_extract(cut, 'cut_kind') as cut_kind,
        struct_extract(cut, 'cut_value') as cut_value,
        stage_no,
        stage_zh,
        bottleneck_kind,
        count(*) as project_count,
        count(*) filter (where days_beyond_agreed > 0) as beyond_agreed_count,
        cast(median(days_waiting) as decimal(10, 1)) as median_days_waiting,
        cast(median(days_beyond_peers) as decimal(10, 1)) as median_days_beyond_peers,
        cast(sum(planned_investment) as decimal(20, 4)) as planned_investment,
        cast(sum(money_waiting) as decimal(20, 4)) as money_waiting,
        as_of,
        known_on
    from rows_of_projects
    group by all

)

select
    {{ described_columns() }}
from final
