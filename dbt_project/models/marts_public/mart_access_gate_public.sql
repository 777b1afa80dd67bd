-- Counts of projects, investment and land are public; the firms and their tests are not.

with

rows_of_projects as (

    select
        district_code,
        {{ cuts_of_board() }},
        asks_as,
        signed_investment,
        land_mu,
        verdict,
        hold_count,
        condition_count,
        missing_count,
        as_of,
        known_on
    from {{ ref('mart_access_gate') }}

),

final as (

    select
        district_code,
        struct_extract(cut, 'cut_kind') as cut_kind,
        struct_extract(cut, 'cut_value') as cut_value,
        asks_as,
        verdict,
        count(*) as project_count,
        cast(sum(signed_investment) as decimal(20, 4)) as signed_investment,
        cast(sum(land_mu) as decimal(20, 4)) as land_mu,
        cast(sum(hold_count) as bigint) as hold_count,
        cast(sum(condition_count) as bigint) as condition_count,
        cast(sum(missing_count) as bigint) as missing_count,
        as_of,
        known_on
    from rows_of_projects
    group by all

)

select
    {{ described_columns() }}
from final
