{%- set columns = staged_columns('filing') -%}
with

states as (

    select
        {{ column_list(columns, indent=8) }},
        is_withdrawn,
        withdrawn_on,
        withdrawn_file_sha256,
        withdrawn_sheet,
        withdrawn_row_number,
        valid_to
    from {{ ref('int_filing__history') }}

),

final as (

    select
        {{ column_list(columns, indent=8) }},
        is_withdrawn,
        withdrawn_on,
        withdrawn_file_sha256,
        withdrawn_sheet,
        withdrawn_row_number
    from states
    where valid_to is null

)

select
    {{ column_list(columns, indent=4) }},
    is_withdrawn,
    withdrawn_on,
    withdrawn_file_sha256,
    withdrawn_sheet,
    withdrawn_row_number
from final
