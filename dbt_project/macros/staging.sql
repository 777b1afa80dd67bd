{# Every statement of a raw table that was known by known_on: the only filter on knowledge there is.
   `day` is the column that says when it was known, none for what is not dated (contracts); a row without a day
   is shown at every known_on where `undated` says so. The column list comes from the raw table, which is made
   from the contract. #}
{% macro staging(table_name, day="received_on", undated=false) -%}
{%- if table_name in contract(none) -%}
    {{ decided_statements(table_name) }}
{%- else -%}
    with

    raw_rows as (

        select * from {{ source('raw', table_name) }}

    ),

    final as (

        select * from raw_rows
        {%- if day %}
        where {{ day }} <= {{ known_on() }}{{ " or " ~ day ~ " is null" if undated }}
        {%- endif %}

    )

    select * from final
{%- endif -%}
{%- endmacro %}
