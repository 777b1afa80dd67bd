-- R10: filings of a board close to a threshold up to the end of a year, by side. The value of the
-- threshold itself stands on neither side (checks.md: reported apart).

with

filings as (

    select
        district_code,
        reporting_unit,
        year(filing_date) as stat_year,
        planned_investment
    from {{ ref('int_check__filing') }}

),

boards as (

    select
        district_code,
        reporting_unit
    from {{ ref('dim_reporting_unit') }}

),

sizes as (

    select
        unnest([
            {{ check_threshold('R10', 'size_1') }}, {{ check_threshold('R10', 'size_2') }},
            {{ check_threshold('R10', 'size_3') }}, {{ check_threshold('R10', 'size_4') }},
            {{ check_threshold('R10', 'size_5') }},
        ]) as size,
        {{ check_threshold('R10', 'near') }} as near

),

years as (

    select
        district_code,
        unnest(range(min(stat_year), year({{ as_of() }}) + 1)) as stat_year
    from filings
    group by district_code

),

spine as (

    select
        boards.district_code,
        boards.reporting_unit,
        sizes.size,
        sizes.near,
        cast(years.stat_year as integer) as stat_year
    from boards
    inner join years on boards.district_code = years.district_code
    cross join sizes

),

final as (

    select
        spine.district_code,
        spine.reporting_unit,
        spine.size,
        spine.stat_year,
        spine.size * (1 - spine.near) as size_from,
        spine.size * (1 + spine.near) as size_to,
        count(*) filter (where filings.planned_investment > spine.size) as above_count,
        count(*) filter (where filings.planned_investment < spine.size) as below_count,
        count(*) filter (where filings.planned_investment = spine.size) as exact_count
    from spine
    left join filings
        on
            spine.district_code = filings.district_code
            and spine.reporting_unit = filings.reporting_unit
            and spine.stat_year >= filings.stat_year
            and filings.planned_investment >= spine.size * (1 - spine.near)
            and filings.planned_investment < spine.size * (1 + spine.near)
    group by all

)

select
    district_code,
    reporting_unit,
    size,
    stat_year,
    size_from,
    size_to,
    above_count,
    below_count,
    exact_count
from final
