{# checks.md: u, the largest power of ten from 0.01 to 1000 that divides every non-zero value of a series. An
   aggregate over `column`; null where all are zero. #}
{% macro rounding_unit(column) -%}
    case
        when not coalesce(bool_or({{ column }} <> 0), false) then null
        when bool_and({{ column }} % 1000 = 0) then 1000
        when bool_and({{ column }} % 100 = 0) then 100
        when bool_and({{ column }} % 10 = 0) then 10
        when bool_and({{ column }} % 1 = 0) then 1
        when bool_and({{ column }} * 10 % 1 = 0) then 0.1
        else 0.01
    end
{%- endmacro %}
