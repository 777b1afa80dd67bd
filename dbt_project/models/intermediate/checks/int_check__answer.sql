{{ config(materialized='view') }}

-- What every check answered, before what they share is applied.

{% for check_id, model in check_models() %}
    select
        '{{ check_id }}' as check_id,
        answer.*
    from {{ ref(model) }} as answer
    {% if not loop.last %}
        union all by name
    {% endif %}
{% endfor %}
