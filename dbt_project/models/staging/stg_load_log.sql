with

raw_rows as (

    select * from {{ source('raw', 'load_log') }}

),

-- A refused drop whose folder is no date has no received day: it is shown at every known_on.
final as (

    select * from raw_rows
    where received_on is null or received_on <= {{ known_on() }}

)

select * from final
