{# The grain of a table: no two rows share these columns (nulls compare equal). #}
{% test unique_combination(model, columns) %}
    select
        {{ columns | join(", ") }},
        count(*) as rows_of_one_key
    from {{ model }}
    group by {{ columns | join(", ") }}
    having count(*) > 1
{% endtest %}
