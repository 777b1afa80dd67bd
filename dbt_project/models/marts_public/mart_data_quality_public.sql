-- Counts of figures, files and findings by check, source and board name no firm.

with

final as (

    select *
    from {{ ref('mart_data_quality') }}

)

select
    {{ described_columns() }}
from final
