{# Every row that was received is in the current state, or something received on its day or later took its
   place: another statement of its key, another delivery of its period, year or register; or it is a 撤销.
   The rows for which neither holds. #}
{% macro lost_rows() -%}
with

delivery_scopes as (

    select
        source,
        district_code,
        scope,
        max(received_on) as last_received_on
    from {{ ref('stg_delivery_scope') }}
    group by source, district_code, scope

),
{% for source_name in contract_sources() %}
{%- set c = contract(source_name) %}
{%- set key = (["district_code"] + c["keys"]) | join(", ") %}
stated_{{ source_name }} as (

    select
        received_on,
        file_sha256,
        file_name,
        sheet,
        row_number,
        {%- if c.mode == "register" %}
        district_code,
        {{ register_scope(source_name, "stated") }} as scope
        {%- else %}
        {{ is_revocation(source_name) }} as is_revocation,
        {%- if c["keys"] %}
        received_on = max(received_on) over (partition by {{ key }})
        and count(*) over (partition by {{ key }}, received_on) = 1 as is_last_word
        {%- else %}
        true as is_last_word
        {%- endif %}
        {%- if c.mode == "period" %},
        received_on < max(received_on) filter (where not restates_by_key) over (
            partition by {{ (["district_code"] + c.scope) | join(", ") }}
        ) as is_replaced
        {%- else %},
        false as is_replaced
        {%- endif %}
        {%- endif %}
    from {{ ref('stg_' ~ source_name) }} as stated

),
{% endfor %}
lost as (
    {% for source_name in contract_sources() %}
    {%- set c = contract(source_name) %}
    select
        '{{ source_name }}' as source,
        stated.received_on,
        stated.file_sha256,
        stated.sheet,
        stated.row_number
    from stated_{{ source_name }} as stated
    {%- if c.mode == "register" %}
    inner join delivery_scopes
        on
            delivery_scopes.source = '{{ source_name }}'
            and stated.district_code = delivery_scopes.district_code
            and stated.scope = delivery_scopes.scope
            and stated.received_on = delivery_scopes.last_received_on
    {%- endif %}
    left join {{ ref('int_' ~ source_name ~ '__current') }} as standing
        on
            stated.received_on = standing.received_on
            and stated.file_sha256 = standing.file_sha256
            and stated.file_name = standing.file_name
            and stated.sheet = standing.sheet
            and stated.row_number = standing.row_number
    where
        standing.row_number is null
        {%- if c.mode != "register" %}
        and stated.is_last_word
        and not coalesce(stated.is_replaced, false)
        and not stated.is_revocation
        {%- endif %}
    {% if not loop.last %}
    union all
    {% endif %}
    {%- endfor %}
),

final as (

    select
        source,
        received_on,
        file_sha256,
        sheet,
        row_number
    from lost

)

select
    source,
    received_on,
    file_sha256,
    sheet,
    row_number
from final
{%- endmacro %}
