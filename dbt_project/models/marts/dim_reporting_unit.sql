with

parks as (

    select
        district_code,
        reporting_unit,
        name,
        aliases
    from {{ ref('park') }}

),

towns as (

    select
        county_code as district_code,
        name as reporting_unit,
        code9,
        unit_type
    from {{ ref('division_town') }}

),

named as (

    select
        district_code,
        reporting_unit
    from {{ ref('int_signing__history') }}

    union distinct

    select
        district_code,
        reporting_unit
    from {{ ref('int_fai__current') }}

    union distinct

    select
        district_code,
        reporting_unit
    from {{ ref('int_target__current') }}

    union distinct

    select
        district_code,
        reporting_unit
    from {{ ref('int_enterprise__current') }}

    union distinct

    select
        district_code,
        reporting_unit
    from {{ ref('int_land_reserve__current') }}

    union distinct

    select
        district_code,
        reporting_unit
    from {{ ref('int_supervision__current') }}

),

districts as (

    select distinct district_code from named

),

-- Whoever is assessed: a park by its short name, a town or street by its statutory name (sources.md
-- section 3). A name that is neither is kept and marked, never guessed.
listed as (

    select
        parks.district_code,
        parks.reporting_unit,
        'park' as unit_kind,
        parks.name as unit_name,
        cast(null as varchar) as division_code,
        parks.aliases
    from parks
    inner join districts on parks.district_code = districts.district_code

    union all

    select
        towns.district_code,
        towns.reporting_unit,
        towns.unit_type as unit_kind,
        towns.reporting_unit as unit_name,
        towns.code9 as division_code,
        null as aliases
    from towns
    inner join districts on towns.district_code = districts.district_code

),

final as (

    select
        district_code,
        reporting_unit,
        unit_kind,
        unit_name,
        division_code,
        aliases,
        true as is_listed
    from listed

    union all

    select
        named.district_code,
        named.reporting_unit,
        'unlisted' as unit_kind,
        named.reporting_unit as unit_name,
        null as division_code,
        null as aliases,
        false as is_listed
    from named
    left join listed
        on
            named.district_code = listed.district_code
            and named.reporting_unit = listed.reporting_unit
    where named.reporting_unit is not null and listed.reporting_unit is null

)

select
    district_code,
    reporting_unit,
    unit_kind,
    unit_name,
    division_code,
    aliases,
    is_listed
from final
