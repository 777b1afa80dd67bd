-- A project stands under each of its rules, and once under 全部.

with

reviewed as (

    select
        district_code,
        reporting_unit,
        planned_investment,
        investment_cum,
        longest_days_over,
        outcome,
        unnest(list_prepend('全部', rules)) as rule,
        as_of,
        known_on
    from {{ ref('mart_exit_list') }}

),

rows_of_projects as (

    select
        *,
        {{ cuts_of_board() }}
    from reviewed

),

final as (

    select
        district_code,
        struct_extract(cut, 'cut_kind') as cut_kind,
        struct_extract(cut, 'cut_value') as cut_value,
        rule,
        outcome,
        count(*) as project_count,
        cast(sum(planned_investment) as decimal(20, 4)) as planned_investment,
        cast(sum(investment_cum) as decimal(20, 4)) as investment_cum,
        max(longest_days_over) as longest_days_over,
        as_of,
        known_on
    from rows_of_projects
    group by all

)

select
    {{ described_columns() }}
from final
