{# What was known of a source over time, one macro a mode (registers: register_history in current_state.sql).
   A version stands from valid_from on and before valid_to; both are received days, and only the state at
   the end of a day was ever known. What is known at known_on is the version without valid_to. #}

{# The columns in which two versions differ: how a figure was sent is not the figure. #}
{% macro compared_columns(source_name) %}
    {% set c = contract(source_name) %}
    {{ return((c.columns + c.precisions) | reject("in", ["submission_kind", "revision_reason"]) | list) }}
{% endmacro %}

{# The columns of a source whose SQL type begins so, without its keys and what it is delivered by. #}
{% macro columns_of_type(source_name, sql_type) %}
    {% set c = contract(source_name) %}
    {% set found = [] %}
    {% for name in c.columns %}
        {% if c.types[loop.index0].startswith(sql_type) and name not in c["keys"] + c.scope %}
            {% do found.append(name) %}
        {% endif %}
    {% endfor %}
    {{ return(found) }}
{% endmacro %}

{# Versions from the states at the ends of days: relation `states` with is_withdrawn. A state that says what
   the one before it said is the same version; a row that was never known cannot be withdrawn. #}
{% macro versions_of_states(source_name, key, columns) -%}
    compared as (

        select
            {{ column_list(columns) }},
            is_withdrawn,
            case when not is_withdrawn then struct_pack(
                {%- for name in compared_columns(source_name) %}
                {{ name }} := {{ name }}{{ "," if not loop.last }}
                {%- endfor %}
            ) end as stated
        from states

    ),

    changes as (

        select
            {{ column_list(columns) }},
            is_withdrawn
        from compared
        window key_in_time as (partition by {{ key | join(", ") }} order by received_on)
        qualify
            coalesce(lag(is_withdrawn) over key_in_time, true) <> is_withdrawn
            or lag(stated) over key_in_time is distinct from stated

    ),

    final as (

        select
            {{ column_list(columns) }},
            is_withdrawn,
            cast(row_number() over (
                partition by {{ key | join(", ") }} order by received_on
            ) as integer) as version_no,
            received_on as valid_from,
            lead(received_on) over (
                partition by {{ key | join(", ") }} order by received_on
            ) as valid_to
        from changes

    )

    select
        {{ column_list(columns, indent=8) }},
        is_withdrawn,
        version_no,
        valid_from,
        valid_to
    from final
{%- endmacro %}


{# Mode events: a 撤销 is a version of its own, with is_withdrawn, and says nothing else. #}
{% macro events_history(source_name) -%}
    {%- set columns = staged_columns(source_name) -%}
    {%- set key = ["district_code"] + contract(source_name)["keys"] -%}
    with

    statements as (

        select
            {{ column_list(columns) }},
            {{ kind_rank_of(source_name) }} as kind_rank,
            {{ is_revocation(source_name) }} as is_withdrawn
        from {{ ref('stg_' ~ source_name) }}

    ),

    states as (

        select
            {{ column_list(columns) }},
            is_withdrawn
        from statements
        qualify row_number() over (
            partition by {{ key | join(", ") }}, received_on
            order by {{ statement_order("desc") }}
        ) = 1

    ),

    {{ versions_of_states(source_name, key, columns) }}
{%- endmacro %}


{# Mode period: a row is withdrawn by its 撤销, or by a later whole delivery of its period without it (that
   version names the first file of the delivery, and no row). A source without a key (tax) has only whole
   deliveries: a row stands until the next one of its period and office. #}
{% macro period_history(source_name) -%}
    {%- set c = contract(source_name) -%}
    {%- set columns = staged_columns(source_name) -%}
    {%- set scope = ["district_code"] + c.scope -%}
    {%- set key = ["district_code"] + c["keys"] -%}
    {%- set lineage = ["file_sha256", "file_name", "received_on"] -%}
    with

    statements as (

        select
            {{ column_list(columns) }},
            {{ kind_rank_of(source_name) }} as kind_rank,
            {{ is_revocation(source_name) }} as is_withdrawn
        from {{ ref('stg_' ~ source_name) }}

    ),

    whole_deliveries as (

        select
            {{ column_list(scope) }},
            received_on,
            min(file_name) as file_name,
            arg_min(file_sha256, (file_name, file_sha256)) as file_sha256
        from statements
        where not restates_by_key
        group by {{ scope | join(", ") }}, received_on

    ),
    {% if c["keys"] %}
    last_words as (

        select
            {{ column_list(columns) }},
            is_withdrawn
        from statements
        qualify row_number() over (
            partition by {{ key | join(", ") }}, received_on
            order by {{ statement_order("desc") }}
        ) = 1

    ),

    first_days as (

        select
            {{ column_list(key) }},
            min(received_on) as first_received_on
        from last_words
        group by {{ key | join(", ") }}

    ),

    omissions as (

        select
            {{ column_list(key, "first_days") }},
            {{ column_list(lineage, "whole_deliveries") }}
        from first_days
        inner join whole_deliveries
            on
                {{ same_key("first_days", "whole_deliveries", scope) | replace(" and ", "\n                and ") }}
                and first_days.first_received_on < whole_deliveries.received_on
        left join last_words
            on
                {{ same_key("first_days", "last_words", key) | replace(" and ", "\n                and ") }}
                and whole_deliveries.received_on = last_words.received_on
        where last_words.received_on is null

    ),

    states as (

        select
            {{ column_list(columns) }},
            is_withdrawn
        from last_words

        union all by name

        select
            {{ column_list(key) }},
            {{ column_list(lineage) }},
            true as is_withdrawn
        from omissions

    ),

    {{ versions_of_states(source_name, key, columns) }}
    {%- else %}
    delivery_ends as (

        select
            {{ column_list(scope) }},
            received_on,
            lead(received_on) over (
                partition by {{ scope | join(", ") }} order by received_on
            ) as valid_to
        from whole_deliveries

    ),

    final as (

        select
            {{ column_list(columns, "statements") }},
            false as is_withdrawn,
            1 as version_no,
            statements.received_on as valid_from,
            delivery_ends.valid_to
        from statements
        inner join delivery_ends
            on
                {{ same_key("statements", "delivery_ends", scope) | replace(" and ", "\n                and ") }}
                and statements.received_on = delivery_ends.received_on

    )

    select
        {{ column_list(columns, indent=8) }},
        is_withdrawn,
        version_no,
        valid_from,
        valid_to
    from final
    {%- endif %}
{%- endmacro %}


{# What stands by the history and what stands by the current state, of every source that states keys one by
   one: the rows in which they differ. #}
{% macro history_against_current() -%}
{%- set sources = contract_sources("period") + contract_sources("events") | reject("in", ["filing", "submission_log"]) | list -%}
with

{% for source_name in sources %}
{%- set c = contract(source_name) %}
{%- set columns = ["district_code"] + compared_columns(source_name) %}
standing_{{ source_name }} as (

    select
        {{ column_list(columns, indent=8) }}
    from {{ ref('int_' ~ source_name ~ '__history') }}
    where valid_to is null and not is_withdrawn

),

current_{{ source_name }} as (

    select
        {{ column_list(columns, indent=8) }}
    from {{ ref('int_' ~ source_name ~ '__current') }}
    {%- if c.mode == "events" %}
    where not is_withdrawn
    {%- endif %}

),
{% endfor %}
differences as (
    {% for source_name in sources %}
    select
        '{{ source_name }}' as source,
        'history' as stands_in,
        district_code
    from (from standing_{{ source_name }} except all from current_{{ source_name }})

    union all

    select
        '{{ source_name }}' as source,
        'current' as stands_in,
        district_code
    from (from current_{{ source_name }} except all from standing_{{ source_name }})
    {% if not loop.last %}
    union all
    {% endif %}
    {%- endfor %}
),

final as (

    select
        source,
        stands_in,
        district_code,
        count(*) as row_count
    from differences
    group by source, stands_in, district_code

)

select
    source,
    stands_in,
    district_code,
    row_count
from final
{%- endmacro %}


{# One row a version of a row of a source, with its figures as a list. `links` says what leads a row to a project,
   `days` the day of what it states; a source without a day states how things stand. The contract says the rest.
   A source without a key (tax) has one row a taxpayer, office and day: its rows add up and are never restated. #}
{% macro figure_rows(source_name) -%}
    {%- set links = {
        'signing': 'signing_row_no', 'agreement': 'signing_row_no', 'completion': 'signing_row_no',
        'recognition': 'signing_row_no', 'payment': 'signing_row_no', 'fdi': 'signing_row_no',
        'fund': 'signing_row_no', 'milestone': 'signing_row_no', 'supervision': 'signing_row_no',
        'fai': 'project_code', 'filing': 'project_code', 'expansion': 'project_code',
        'scenario': 'project_code', 'land_reserve': 'project_code',
        'permit': 'construction_permit_no', 'acceptance': 'construction_permit_no',
        'land': 'land_supervision_no',
    } -%}
    {%- set days = {
        'signing': 'signing_date', 'filing': 'filing_date', 'land': 'contract_sign_date',
        'permit': 'construction_permit_date', 'acceptance': 'actual_completion_date',
        'recognition': 'actual_date', 'payment': 'paid_at', 'fdi': 'arrived_date',
        'supervision': 'issue_date', 'fai': 'stat_period', 'output': 'stat_period',
        'sales': 'stat_period', 'power': 'stat_period', 'social': 'stat_period',
        'tax_summary': 'stat_period', 'tax': 'coalesce(tax_treasury_date, stat_period)',
    } -%}
    {%- set c = contract(source_name) -%}
    {%- set link = links.get(source_name) -%}
    {%- if not c["keys"] %}
    select
        '{{ source_name }}' as source,
        cast(null as varchar) as link_kind,
        district_code,
        concat_ws(
            '|', coalesce(cast(stat_period as varchar), ''), coalesce(cast(event_on as varchar), ''),
            coalesce(uscc, ''), coalesce(company_name, ''), coalesce(collecting_office, '')
        ) as record_key,
        cast(null as varchar) as link_key,
        uscc,
        {{ company_key("company_name") | indent(8) }} as company_key,
        cast(null as varchar) as reporting_unit,
        event_on,
        cast(null as varchar) as submission_kind,
        cast(null as varchar) as revision_reason,
        false as is_withdrawn,
        valid_from,
        valid_to,
        cast(null as varchar) as file_sha256,
        cast(null as varchar) as sheet,
        cast(null as bigint) as row_number,
        row_count,
        [
            struct_pack(
                figure := 'tax_paid',
                amount := cast(tax_paid as decimal(18, 6)),
                day := cast(null as date)
            )
        ] as figures
    from (
        select
            district_code,
            stat_period,
            cast({{ days[source_name] }} as date) as event_on,
            uscc,
            company_name,
            collecting_office,
            valid_from,
            valid_to,
            sum(tax_paid) as tax_paid,
            count(*) as row_count
        from {{ ref('int_' ~ source_name ~ '__history') }}
        group by all
    ) as taxpayers
    {%- else %}
    select
        '{{ source_name }}' as source,
        {{ "'" ~ link ~ "'" if link else "cast(null as varchar)" }} as link_kind,
        district_code,
        {{ row_key(source_name) | indent(8) }} as record_key,
        {%- if link == "project_code" %}
        {{ project_code_key(link) | indent(8) }} as link_key,
        {%- elif link == "construction_permit_no" %}
        {{ text_key(link) | indent(8) }} as link_key,
        {%- elif link %}
        {{ link }} as link_key,
        {%- else %}
        cast(null as varchar) as link_key,
        {%- endif %}
        {{ "uscc" if "uscc" in c.columns else "cast(null as varchar) as uscc" }},
        {%- if "company_name" in c.columns %}
        {{ company_key("company_name") | indent(8) }} as company_key,
        {%- else %}
        cast(null as varchar) as company_key,
        {%- endif %}
        {{ "reporting_unit" if "reporting_unit" in c.columns else "cast(null as varchar) as reporting_unit" }},
        cast({{ days.get(source_name, "null") }} as date) as event_on,
        {{ "submission_kind" if "submission_kind" in c.columns else "cast(null as varchar) as submission_kind" }},
        {{ "revision_reason" if "revision_reason" in c.columns else "cast(null as varchar) as revision_reason" }},
        {%- if c.mode == "register" %}
        false as is_withdrawn,
        {%- else %}
        is_withdrawn,
        {%- endif %}
        valid_from,
        valid_to,
        {%- if source_name == "filing" %}
        case when is_withdrawn then withdrawn_file_sha256 else file_sha256 end as file_sha256,
        case when is_withdrawn then withdrawn_sheet else sheet end as sheet,
        case when is_withdrawn then withdrawn_row_number else row_number end as row_number,
        {%- else %}
        file_sha256,
        sheet,
        row_number,
        {%- endif %}
        1 as row_count,
        [
            {%- for name in columns_of_type(source_name, "decimal") %}
            struct_pack(figure := '{{ name }}', amount := {{ name }}, day := cast(null as date)),
            {%- endfor %}
            {%- for name in columns_of_type(source_name, "date") %}
            struct_pack(
                figure := '{{ name }}', amount := cast(null as decimal(18, 6)), day := {{ name }}
            ),
            {%- endfor %}
            struct_pack(
                figure := 'row_count',
                amount := cast(1 as decimal(18, 6)),
                day := cast(null as date)
            )
        ] as figures
    from {{ ref('int_' ~ source_name ~ '__history') }}
    {%- endif %}
{%- endmacro %}
