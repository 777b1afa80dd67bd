{#- Sources that name firms by credit code, in the order in which a name is taken; before them all
    the registry itself. The ledger also with what it no longer holds: a project keeps its firm. -#}
{%- set named_in = [
    ('signing', 'company_name'), ('filing', 'company_name'), ('permit', 'company_name'),
    ('above_scale', 'company_name'), ('output', 'company_name'), ('sales', 'company_name'),
    ('social', 'company_name'), ('expansion', 'company_name'), ('tax', 'company_name'),
    ('completion', none), ('recognition', none), ('fai', none), ('fdi', none),
] -%}
with

mentions as (
    {% for source_name, name_column in named_in %}
        {%- set state = "history" if source_name == "signing" else "current" %}
        select
            district_code,
            uscc,
            {{ name_column or "cast(null as varchar)" }},
            {{ loop.index }} as source_rank,
            '{{ source_name }}' as source,
            received_on,
            file_sha256,
            sheet,
            row_number
        from {{ ref('int_' ~ source_name ~ '__' ~ state) }}
        where
            uscc is not null
            {%- if source_name == 'tax' %} and length(uscc) > 15{% endif %}
        {% if not loop.last %}
            union all
        {% endif %}
    {%- endfor %}
),

-- The strongest source that gives a name, by its latest row.
strongest as (

    select
        district_code,
        uscc,
        arg_min(
            struct_pack(
                company_name := company_name,
                source := source,
                file_sha256 := file_sha256,
                sheet := sheet,
                row_number := row_number
            ),
            (
                company_name is null,
                source_rank,
                date '9999-12-31' - received_on,
                file_sha256,
                sheet,
                row_number
            )
        ) as mention
    from mentions
    group by district_code, uscc

),

named as (

    select
        district_code,
        uscc,
        mention.company_name,
        mention.source,
        mention.file_sha256,
        mention.sheet,
        mention.row_number
    from strongest

),

-- What stands now may have been delivered again: a firm was known from its first statement on.
statements as (
    {% for source_name, name_column in named_in %}
        select
            district_code,
            uscc,
            min(received_on) as first_received_on
        from {{ ref('stg_' ~ source_name) }}
        where uscc is not null
        group by district_code, uscc
        {% if not loop.last %}
            union all
        {% endif %}
    {%- endfor %}
),

first_days as (

    select
        district_code,
        uscc,
        min(first_received_on) as first_received_on
    from statements
    group by district_code, uscc

),

final as (

    select
        named.district_code,
        named.uscc,
        named.company_name,
        named.source,
        named.file_sha256,
        named.sheet,
        named.row_number,
        first_days.first_received_on
    from named
    inner join first_days
        on
            named.district_code = first_days.district_code
            and named.uscc = first_days.uscc

)

select
    district_code,
    uscc,
    company_name,
    source,
    file_sha256,
    sheet,
    row_number,
    first_received_on
from final
