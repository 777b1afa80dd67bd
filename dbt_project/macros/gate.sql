{# The value of a gate's threshold in force on as_of; null where none is (then the rule is not applicable). #}
{% macro gate_value(rule, measure) -%}
    (
        select t.value
        from {{ ref('int_gate__threshold') }} as t
        where t.rule = '{{ rule }}' and t.measure = '{{ measure }}'
    )
{%- endmacro %}

{# A number of months after a day; a missing day or number gives none. #}
{% macro months_after(day, months) -%}
    cast({{ day }} + to_months(cast({{ months }} as integer)) as date)
{%- endmacro %}

{# A decimal for people: at most four places, none that say nothing. #}
{% macro plain_number(value) -%}
    rtrim(rtrim(cast(cast({{ value }} as decimal(20, 4)) as varchar), '0'), '.')
{%- endmacro %}

{# A share for people, in percent with at most one place. #}
{% macro percent(share) -%}
    rtrim(rtrim(cast(cast({{ share }} * 100 as decimal(20, 1)) as varchar), '0'), '.')
{%- endmacro %}

{# What is missing, rounded up, and what is allowed, rounded down: following the words is then enough. #}
{% macro two_places_up(value) -%}
    cast(cast(ceil(({{ value }}) * 100) * cast(0.01 as decimal(3, 2)) as decimal(20, 2)) as varchar)
{%- endmacro %}

{% macro two_places_down(value) -%}
    cast(cast(floor(({{ value }}) * 100) * cast(0.01 as decimal(3, 2)) as decimal(20, 2)) as varchar)
{%- endmacro %}

{# One figure with the cell it came from, as the checks' evidence (checks.md). #}
{% macro figure(alias) -%}
    struct_pack(
        source := {{ alias }}.source,
        file_sha256 := {{ alias }}.file_sha256,
        sheet := {{ alias }}.sheet,
        row_number := {{ alias }}.row_number,
        column_name := {{ alias }}.column_name,
        value := {{ alias }}.value
    )
{%- endmacro %}

{# A rule's words with what is missing and what is allowed filled in. #}
{% macro worded_change(template) -%}
    replace(
        replace({{ template }}, '{missing}', coalesce({{ two_places_up("missing") }}, '')),
        '{allowed}', coalesce({{ two_places_down("allowed") }}, '')
    )
{%- endmacro %}
