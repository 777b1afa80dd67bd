{# Every statement of a source that had been received by known_on: the only filter on knowledge there is.
   The column list comes from the raw table, which is made from the contract. #}
{% macro staging(source_name) -%}
    with

    raw_rows as (

        select * from {{ source('raw', source_name) }}

    ),

    final as (

        select * from raw_rows
        where received_on <= {{ known_on() }}

    )

    select * from final
{%- endmacro %}
