{# Arithmetic of the funnel. Money and rates never rest on floating point (conventions), and `/` in DuckDB is a
   floating division. #}

{# n / d as decimal(18,6), half away from zero; null where the denominator is 0 or null, never 0 (metrics.md).
   A floating quotient decides only where it is far from a tie; the rest is done on scaled integers, which
   is exact and slow. #}
{% macro exact_ratio(numerator, denominator) -%}
    case
        when coalesce({{ denominator }}, 0) = 0 then null
        when
            abs({{ millionths(numerator, denominator) }}) < 1e12
            and abs(
                abs({{ millionths(numerator, denominator) }})
                - floor(abs({{ millionths(numerator, denominator) }})) - 0.5
            ) > 0.01
            then cast(
                cast({{ numerator }} as double) / cast({{ denominator }} as double) as decimal(18, 6)
            )
        else cast(
            sign({{ numerator }}) * sign({{ denominator }}) * cast(
                (
                    2000000 * abs({{ scaled(numerator) }}) + abs({{ scaled(denominator) }})
                ) // (2 * abs({{ scaled(denominator) }})) as decimal(24, 0)
            ) * cast(0.000001 as decimal(6, 6)) as decimal(18, 6)
        )
    end
{%- endmacro %}

{% macro millionths(numerator, denominator) -%}
    (1e6 * cast({{ numerator }} as double) / cast({{ denominator }} as double))
{%- endmacro %}

{% macro scaled(value) -%}
    cast(cast({{ value }} as decimal(30, 6)) * 1000000 as hugeint)
{%- endmacro %}

{# A month is in when its last day <= as_of (metrics.md): the last day of the last month that is in. #}
{% macro last_full_month() -%}
    last_day(cast({{ as_of() }} + interval 1 day - interval 1 month as date))
{%- endmacro %}
