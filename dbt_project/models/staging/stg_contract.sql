with

raw_rows as (

    select * from {{ source('raw', 'contract') }}

),

final as (

    select * from raw_rows

)

select * from final
