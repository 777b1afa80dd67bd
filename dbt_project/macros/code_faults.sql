{# The doubts about codes and listed words that landing marked on a row, each with its cell (checks.md R39): a list of
   (column_name, fault, cell). A mark of another kind (an approximate number, a hashed person) is none. #}
{% macro code_faults(source_name, alias, columns) -%}
    list_filter(
        [
        {%- for column in columns %}
            struct_pack(
                column_name := '{{ column }}',
                fault := list_filter(
                    {{ alias }}.marks,
                    lambda m : regexp_full_match(
                        m, '{{ column }}:(check_digit|format|month|date|letter|unknown|enum_unknown)'
                    )
                )[1],
                cell := {{ evidence_cell(source_name, alias, column) }}
            ){{ "," if not loop.last }}
        {%- endfor %}
        ],
        lambda f : f.fault is not null
    )
{%- endmacro %}

{# How many of these codes a row holds. #}
{% macro codes_read(alias, columns) -%}
    (
    {%- for column in columns %}
        {{ "+ " if not loop.first }}cast({{ alias }}.{{ column }} is not null as integer)
    {%- endfor %}
    )
{%- endmacro %}
