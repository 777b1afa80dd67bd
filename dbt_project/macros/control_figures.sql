{# Every number of the rows of files that hold control rows, one row a file, sheet, row and column: (source,
   file_sha256, sheet, row_number, reporting_unit, figure of column_name and value). `files` is a CTE of (source,
   file_sha256). The columns are those of the contracts. #}
{% macro control_figures(files) -%}
    {%- set parts = [] -%}
    {%- for source_name, c in contract(none).items() -%}
        {%- set numbers = [] -%}
        {%- for column, type in contract_types(source_name).items() if type.startswith("decimal") -%}
            {%- do numbers.append(column) -%}
        {%- endfor -%}
        {%- if numbers -%}
            {%- do parts.append((source_name, numbers, "reporting_unit" in c.columns)) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for source_name, numbers, has_unit in parts %}
    select
        '{{ source_name }}' as source,
        statement.file_sha256,
        statement.sheet,
        statement.row_number,
        {{ "statement.reporting_unit" if has_unit else "cast(null as varchar) as reporting_unit" }},
        unnest([
        {%- for column in numbers %}
            struct_pack(
                column_name := '{{ column }}', value := cast(statement.{{ column }} as decimal(24, 6))
            ){{ "," if not loop.last }}
        {%- endfor %}
        ]) as figure
    from {{ ref("stg_" ~ source_name) }} as statement
    where
        statement.file_sha256 in (
            select {{ files }}.file_sha256
            from {{ files }}
            where {{ files }}.source = '{{ source_name }}'
        )
    {{ "union all" if not loop.last }}
    {%- endfor %}
{%- endmacro %}
