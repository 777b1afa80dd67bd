{# Whether one of the three principles (三个只) is held by the figures of a cell that can be compared. #}
{% macro principle_verdict(principle) -%}
    case bool_and(is_held) filter (where principle = '{{ principle }}')
        when true then 'held' when false then 'broken' else 'unknown'
    end
{%- endmacro %}
