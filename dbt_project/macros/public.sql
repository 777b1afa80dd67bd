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

{# The cuts of a row of the public marts: the district, and its board. #}
{% macro cuts_of_board(reporting_unit="reporting_unit") -%}
    unnest([
        struct_pack(cut_kind := 'district', cut_value := '全区'),
        struct_pack(
            cut_kind := 'reporting_unit', cut_value := coalesce({{ reporting_unit }}, '未知')
        )
    ]) as cut
{%- endmacro %}
