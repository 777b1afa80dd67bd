{# The two clocks of a run (metrics.md). No model reads today's date: a run without them does not compile. #}

{# What had been received by that day. #}
{% macro known_on() -%}
    date '{{ var("known_on") }}'
{%- endmacro %}

{# What had happened by that day. #}
{% macro as_of() -%}
    date '{{ var("as_of") }}'
{%- endmacro %}
