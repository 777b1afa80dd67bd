{# The sources of the contracts, all or those of one mode, in code-point order. #}
{% macro contract_sources(mode=none) %}
    {% set names = [] %}
    {% for name, c in contract(none).items() if mode is none or c.mode == mode %}
        {% do names.append(name) %}
    {% endfor %}
    {{ return(names) }}
{% endmacro %}

{# The key of a row as landing writes it into row_key: every key part as text, joined by |. #}
{% macro row_key(source_name) -%}
    concat_ws(
        '|'
        {%- for name in contract(source_name)["keys"] %}, coalesce(cast({{ name }} as varchar), ''){% endfor -%}
    )
{%- endmacro %}
