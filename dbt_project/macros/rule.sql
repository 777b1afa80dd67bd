{# A parameter of a rule seed in force on as_of: thresholds are rows, never constants in SQL (metrics.md). #}
{% macro rule(seed_name, parameter) -%}
    (
        select arg_max(r.value, r.effective_from)
        from {{ ref(seed_name) }} as r
        where r.parameter = '{{ parameter }}' and r.effective_from <= {{ as_of() }}
    )
{%- endmacro %}
