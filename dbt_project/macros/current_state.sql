{# How the deliveries of a source add up: sources.md section 2, one macro a mode. Column lists and keys
   come from the contracts (`contract()` is generated), so a changed contract changes no model. #}

{# The columns that every raw row carries beside those of its contract. #}
{% macro lineage_columns() %}
    {{ return([
        "marks", "extra", "district_code", "file_sha256", "file_name", "sheet", "row_number",
        "received_on", "restates_by_key",
    ]) }}
{% endmacro %}

{% macro staged_columns(source_name) %}
    {% set c = contract(source_name) %}
    {{ return(c.columns + c.precisions + lineage_columns()) }}
{% endmacro %}

{# `a, b, c`, one a line, each with the alias in front when one is given. #}
{% macro column_list(names, alias=none, indent=12) -%}
    {%- for name in names -%}
        {%- if not loop.first %}
{{ " " * indent }}{% endif -%}
        {{ alias ~ "." if alias else "" }}{{ name }}
        {%- if not loop.last %},{% endif -%}
    {%- endfor -%}
{%- endmacro %}

{# An empty key part is a value of its own (sources.md section 3), so keys compare null-safe. #}
{% macro same_key(left_alias, right_alias, names) -%}
    {%- for name in names -%}
        {%- if not loop.first %} and {% endif -%}
        {{ left_alias }}.{{ name }} is not distinct from {{ right_alias }}.{{ name }}
    {%- endfor -%}
{%- endmacro %}

{# 撤销 > 更正 > 变更 > 补报 > 首次 on the same key of the same day; a file without the column says 首次. #}
{% macro kind_rank(column) -%}
    case {{ column }} when '撤销' then 5 when '更正' then 4 when '变更' then 3 when '补报' then 2 else 1 end
{%- endmacro %}

{# The total order of statements: received day, stronger kind, file name by code point, row. #}
{% macro statement_order(direction="") -%}
    {%- set d = " " ~ direction if direction else "" -%}
    received_on{{ d }}, kind_rank{{ d }}, file_name{{ d }}, sheet{{ d }}, row_number{{ d }}
{%- endmacro %}

{% macro kind_rank_of(source_name) -%}
    {{ kind_rank("submission_kind") if "submission_kind" in contract(source_name).columns else "1" }}
{%- endmacro %}

{# Whether a row takes its key back: a 撤销 by submission_kind, in recognition by its result (sources.md 2, 3). #}
{% macro is_revocation(source_name) -%}
    {%- if source_name == "recognition" -%}
        coalesce(result = '撤销', false)
    {%- elif "submission_kind" in contract(source_name).columns -%}
        coalesce(submission_kind = '撤销', false)
    {%- else -%}
        false
    {%- endif -%}
{%- endmacro %}

{# What one row of a register belongs to: the whole register, or its year (above_scale, target). #}
{% macro register_scope(source_name, alias) -%}
    {%- set scope = contract(source_name).scope -%}
    {%- if scope -%} cast({{ alias }}.{{ scope[0] }} as varchar) {%- else -%} '*' {%- endif -%}
{%- endmacro %}


{# Mode register: the rows of the latest delivery (of each year, where the register is one per year). #}
{% macro register_current(source_name) -%}
    {%- set columns = staged_columns(source_name) -%}
    with

    statements as (

        select
            {{ column_list(columns) }}
        from {{ ref('stg_' ~ source_name) }}

    ),

    delivery_scopes as (

        select
            district_code,
            scope,
            received_on
        from {{ ref('stg_delivery_scope') }}
        where source = '{{ source_name }}'

    ),

    latest_deliveries as (

        select
            district_code,
            scope,
            max(received_on) as received_on
        from delivery_scopes
        group by district_code, scope

    ),

    final as (

        select
            {{ column_list(columns, "statements") }}
        from statements
        inner join latest_deliveries
            on
                statements.district_code = latest_deliveries.district_code
                and statements.received_on = latest_deliveries.received_on
                and {{ register_scope(source_name, "statements") }} = latest_deliveries.scope

    )

    select
        {{ column_list(columns, indent=8) }}
    from final
{%- endmacro %}


{# Mode register, over time: one row a version of a key, from comparing deliveries. A version ends on the
   received day of the first delivery that states the row otherwise or no longer has it; then it was withdrawn. #}
{% macro register_history(source_name) -%}
    {%- set c = contract(source_name) -%}
    {%- set columns = staged_columns(source_name) -%}
    {%- set key = ["district_code"] + c["keys"] -%}
    {%- set stated = c.columns + c.precisions -%}
    with

    statements as (

        select
            {{ column_list(columns) }}
        from {{ ref('stg_' ~ source_name) }}

    ),

    delivery_scopes as (

        select distinct
            district_code,
            scope,
            received_on
        from {{ ref('stg_delivery_scope') }}
        where source = '{{ source_name }}'

    ),

    deliveries as (

        select
            district_code,
            scope,
            received_on,
            row_number() over (
                partition by district_code, scope order by received_on
            ) as delivery_no,
            lead(received_on) over (
                partition by district_code, scope order by received_on
            ) as next_received_on
        from delivery_scopes

    ),

    stated_rows as (

        select
            {{ column_list(columns, "statements") }},
            deliveries.delivery_no,
            deliveries.next_received_on,
            struct_pack(
                {%- for name in stated %}
                {{ name }} := statements.{{ name }}{{ "," if not loop.last }}
                {%- endfor %}
            ) as stated
        from statements
        inner join deliveries
            on
                statements.district_code = deliveries.district_code
                and statements.received_on = deliveries.received_on
                and {{ register_scope(source_name, "statements") }} = deliveries.scope

    ),

    compared as (

        select
            {{ column_list(columns) }},
            delivery_no,
            next_received_on,
            (
                lag(delivery_no) over key_in_time is distinct from delivery_no - 1
                or lag(stated) over key_in_time is distinct from stated
            ) as is_new_version
        from stated_rows
        window key_in_time as (partition by {{ key | join(", ") }} order by delivery_no)

    ),

    numbered as (

        select
            {{ column_list(columns) }},
            delivery_no,
            next_received_on,
            cast(sum(case when is_new_version then 1 else 0 end) over (
                partition by {{ key | join(", ") }}
                order by delivery_no
                rows between unbounded preceding and current row
            ) as integer) as version_no
        from compared

    ),

    final as (

        select
            {{ column_list(columns) }},
            version_no,
            received_on as valid_from,
            last_value(next_received_on) over (
                partition by {{ (key + ["version_no"]) | join(", ") }}
                order by delivery_no
                rows between unbounded preceding and unbounded following
            ) as valid_to
        from numbered
        qualify row_number() over (
            partition by {{ (key + ["version_no"]) | join(", ") }}
            order by delivery_no
        ) = 1

    )

    select
        {{ column_list(columns, indent=8) }},
        version_no,
        valid_from,
        valid_to
    from final
{%- endmacro %}


{# Mode events: per key the last statement stands. A 撤销 withdraws the key and states nothing else: the
   columns stay those of the last statement before it, and it acts from `revoked_on`, its received day
   unless the source dates it itself (recognition: recognised_date). #}
{% macro events_current(source_name, revoked_on="received_on") -%}
    {%- set c = contract(source_name) -%}
    {%- set columns = staged_columns(source_name) -%}
    {%- set key = ["district_code"] + c["keys"] -%}
    with

    statements as (

        select
            {{ column_list(columns) }},
            {{ kind_rank_of(source_name) }} as kind_rank,
            {{ is_revocation(source_name) }} as is_revocation,
            {{ revoked_on }} as revoked_on
        from {{ ref('stg_' ~ source_name) }}

    ),

    numbered as (

        select
            {{ column_list(columns) }},
            is_revocation,
            revoked_on,
            row_number() over (
                partition by {{ key | join(", ") }}
                order by {{ statement_order() }}
            ) as statement_no
        from statements

    ),

    compared as (

        select
            {{ column_list(columns) }},
            is_revocation,
            revoked_on,
            statement_no,
            coalesce(max(statement_no) filter (where not is_revocation) over (
                partition by {{ key | join(", ") }}
            ), 0) as last_stated_no
        from numbered

    ),

    -- A 撤销 delivered twice acts from the first time on.
    revocations as (

        select
            {{ column_list(key) }},
            arg_min(revoked_on, statement_no) as withdrawn_on,
            arg_min(file_sha256, statement_no) as withdrawn_file_sha256,
            arg_min(sheet, statement_no) as withdrawn_sheet,
            arg_min(row_number, statement_no) as withdrawn_row_number
        from compared
        where statement_no > last_stated_no
        group by {{ key | join(", ") }}

    ),

    standing as (

        select
            {{ column_list(columns) }}
        from compared
        qualify row_number() over (
            partition by {{ key | join(", ") }}
            order by is_revocation, statement_no desc
        ) = 1

    ),

    final as (

        select
            {{ column_list(columns, "standing") }},
            revocations.withdrawn_on is not null as is_withdrawn,
            revocations.withdrawn_on,
            revocations.withdrawn_file_sha256,
            revocations.withdrawn_sheet,
            revocations.withdrawn_row_number
        from standing
        left join revocations
            on
                {{ same_key("standing", "revocations", key) | replace(" and ", "\n                and ") }}

    )

    select
        {{ column_list(columns, indent=8) }},
        is_withdrawn,
        withdrawn_on,
        withdrawn_file_sha256,
        withdrawn_sheet,
        withdrawn_row_number
    from final
{%- endmacro %}


{# Mode period: the latest whole delivery of each period (tax, tax_summary: of each period and office),
   then what restates single keys on or after its day; a 撤销 removes the key. A source without a key (tax)
   has only whole deliveries, and every row of them is data. #}
{% macro period_current(source_name) -%}
    {%- set c = contract(source_name) -%}
    {%- set columns = staged_columns(source_name) -%}
    {%- set scope = ["district_code"] + c.scope -%}
    {%- set key = ["district_code"] + c["keys"] -%}
    with

    statements as (

        select
            {{ column_list(columns) }},
            {{ kind_rank_of(source_name) }} as kind_rank
        from {{ ref('stg_' ~ source_name) }}

    ),

    whole_deliveries as (

        select
            {{ column_list(scope) }},
            max(received_on) as received_on
        from statements
        where not restates_by_key
        group by {{ scope | join(", ") }}

    ),

    standing as (

        select
            {{ column_list(columns, "statements") }},
            statements.kind_rank
        from statements
        left join whole_deliveries
            on
                {{ same_key("statements", "whole_deliveries", scope) | replace(" and ", "\n                and ") }}
        where
            statements.received_on = whole_deliveries.received_on
            or (
                statements.restates_by_key
                and (
                    whole_deliveries.received_on is null
                    or statements.received_on > whole_deliveries.received_on
                )
            )

    ),
    {% if c["keys"] %}
    last_statements as (

        select
            {{ column_list(columns) }},
            kind_rank
        from standing
        qualify row_number() over (
            partition by {{ key | join(", ") }}
            order by {{ statement_order("desc") }}
        ) = 1

    ),
    {% endif %}
    final as (

        select
            {{ column_list(columns) }}
        from {{ "last_statements" if c["keys"] else "standing" }}
        {%- if "submission_kind" in c.columns %}
        where submission_kind is distinct from '撤销'
        {%- endif %}

    )

    select
        {{ column_list(columns, indent=8) }}
    from final
{%- endmacro %}
