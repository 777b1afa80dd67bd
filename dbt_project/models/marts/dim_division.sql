with

counties as (

    select
        code,
        name,
        level,
        parent_code,
        status,
        successor_codes
    from {{ ref('division_county') }}

),

towns as (

    select
        code9,
        name,
        unit_type,
        county_code,
        is_statutory
    from {{ ref('division_town') }}

),

final as (

    select
        code as division_code,
        name as division_name,
        level as division_level,
        nullif(parent_code, '') as parent_code,
        status,
        nullif(successor_codes, '') as successor_codes,
        true as is_statutory
    from counties

    union all

    select
        code9 as division_code,
        name as division_name,
        unit_type as division_level,
        county_code as parent_code,
        'current' as status,
        null as successor_codes,
        is_statutory
    from towns

)

select
    division_code,
    division_name,
    division_level,
    parent_code,
    status,
    successor_codes,
    is_statutory
from final
