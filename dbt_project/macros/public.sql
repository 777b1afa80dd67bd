{# A cell of a public table, by name: the table, then what it is cut by. #}
{% macro public_cell(table, columns) -%}
    {{ ([table] + columns) | join(" || '|' || ") }}
{%- endmacro %}

{# The columns of this model's YAML, in its order: a twin that only leaves columns out names them once, there. A unit
   test has no YAML of its own: all columns. #}
{% macro described_columns() -%}
    {%- if execute and model.columns -%}
        {{ model.columns | join(",\n    ") }}
    {%- else -%}
        *
    {%- endif -%}
{%- endmacro %}
