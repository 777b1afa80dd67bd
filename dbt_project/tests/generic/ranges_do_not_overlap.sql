{# The versions of a key follow each other: none ends before it begins, and none begins before the one before it
   has ended. A gap is a time in which the key was not there. #}
{% test ranges_do_not_overlap(model, key, valid_from="valid_from", valid_to="valid_to") %}
    select
        {{ key | join(", ") }},
        {{ valid_from }},
        {{ valid_to }},
        lead({{ valid_from }}) over (
            partition by {{ key | join(", ") }} order by {{ valid_from }}
        ) as next_valid_from
    from {{ model }}
    qualify
        {{ valid_to }} <= {{ valid_from }}
        or coalesce({{ valid_to }}, date '9999-12-31') > next_valid_from
{% endtest %}
