with

raw_rows as (

    select * from {{ source('raw', 'contract_column') }}

),

final as (

    select * from raw_rows

)

select * from final
