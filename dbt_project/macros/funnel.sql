{# Arithmetic of the funnel. Money and rates never pass through floating point (conventions), and `/` in
   DuckDB is a floating division: so it is done on scaled integers, half away from zero. #}

{# n / d as decimal(18,6); null where the denominator is 0 or null, never 0 (metrics.md). #}
{% macro exact_ratio(numerator, denominator) -%}
    case
        when {{ denominator }} <> 0
            then cast(
                sign({{ numerator }}) * sign({{ denominator }}) * cast(
                    (
                        2000000 * abs({{ scaled(numerator) }}) + abs({{ scaled(denominator) }})
                    ) // (2 * abs({{ scaled(denominator) }})) as decimal(24, 0)
                ) * cast(0.000001 as decimal(6, 6)) as decimal(18, 6)
            )
    end
{%- endmacro %}

{% macro scaled(value) -%}
    cast(cast({{ value }} as decimal(30, 6)) * 1000000 as hugeint)
{%- endmacro %}

{# A month is in when its last day <= as_of (metrics.md): the last day of the last month that is in. #}
{% macro last_full_month() -%}
    last_day(cast({{ as_of() }} + interval 1 day - interval 1 month as date))
{%- endmacro %}
