with

raw_rows as (

    select * from {{ source('raw', 'decision') }}

),

final as (

    select * from raw_rows
    where decided_on <= {{ known_on() }}

)

select * from final
