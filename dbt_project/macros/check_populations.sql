{# The cells that a board's failing sets of figures rest on, for R20-R22: every figure of the series up to the year.
   `answers` and `figures` are CTEs of the check. #}
{% macro cells_of_failing_sets(answers, figures="figures") -%}
    select
        {{ answers }}.district_code,
        {{ answers }}.reporting_unit,
        {{ answers }}.series,
        {{ answers }}.period,
        list({{ figures }}.cell order by {{ figures }}.figure_on, {{ figures }}.reporter) as evidence
    from {{ answers }}
    inner join {{ figures }}
        on
            {{ answers }}.district_code = {{ figures }}.district_code
            and {{ answers }}.reporting_unit = {{ figures }}.reporting_unit
            and {{ answers }}.series = {{ figures }}.series
            and {{ answers }}.stat_year >= {{ figures }}.stat_year
    where {{ answers }}.outcome = 'fail'
    group by all
{%- endmacro %}
