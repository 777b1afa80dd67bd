{# A cell of a public table, by name: the table, then what it is cut by. #}
{% macro public_cell(table, columns) -%}
    {{ ([table] + columns) | join(" || '|' || ") }}
{%- endmacro %}
