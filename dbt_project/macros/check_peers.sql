{# A peer group without the value that is tested: a tested value is never inside its own reference (checks.md).
   `list` is sorted; `own_rank` counts from 1 and is null for a value that is not in the list. #}
{% macro without_own(list, own_rank) -%}
    case
        when {{ own_rank }} is null then {{ list }}
        else list_concat({{ list }}[:{{ own_rank }} - 1], {{ list }}[{{ own_rank }} + 1:])
    end
{%- endmacro %}

{# A quantile of a sorted list by linear interpolation between its neighbours; null of an empty list. #}
{% macro sorted_quantile(list, share) -%}
    {%- set at = "(" ~ share ~ " * (len(" ~ list ~ ") - 1))" -%}
    (
        {{ list }}[cast(floor({{ at }}) as integer) + 1]
        + ({{ at }} - floor({{ at }}))
        * ({{ list }}[cast(ceil({{ at }}) as integer) + 1] - {{ list }}[cast(floor({{ at }}) as integer) + 1])
    )
{%- endmacro %}

{# Distance from the median in MADs (1.4826 makes a MAD a standard deviation of a normal); null where MAD = 0. #}
{% macro robust_z(value, list) -%}
    (
        ({{ value }} - list_median({{ list }}))
        / nullif(
            1.4826 * list_median(
                list_transform({{ list }}, lambda v : abs(v - list_median({{ list }})))
            ),
            0
        )
    )
{%- endmacro %}
