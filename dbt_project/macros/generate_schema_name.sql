{# `+schema: marts` means marts, not main_marts: others open these schemas by name (design.md section 3). #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
