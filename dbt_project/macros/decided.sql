{# What people decided about received rows: a cell that was written wrongly, two projects or two firms that are
   one. It acts in staging, so that every model sees it, from the known_on on that is not before the day of
   the decision; the file, the sheet and the row stay those of the department (the original is in raw). #}

{# What names a statement in a decision: its key as landing writes it, or file|sheet|row where a source has
   no key (tax). Parts are joined by |. #}
{% macro statement_key(source_name, renamed={}) -%}
    {%- set keys = contract(source_name)["keys"] -%}
    {%- if keys -%}
        concat_ws('|'
        {%- for name in keys %}, coalesce(cast({{ renamed.get(name, name) }} as varchar), ''){% endfor -%}
        )
    {%- else -%}
        concat_ws('|', file_sha256, sheet, row_number)
    {%- endif -%}
{%- endmacro %}

{# The columns in which a firm or a ledger row is named, as {column: entity}. #}
{% macro named_entities(source_name) %}
    {% set found = {} %}
    {% for name in contract(source_name).columns %}
        {% if name == "uscc" or name.endswith("_uscc") %}
            {% do found.update({name: "firm"}) %}
        {% elif name == "signing_row_no" %}
            {% do found.update({name: "project"}) %}
        {% endif %}
    {% endfor %}
    {{ return(found) }}
{% endmacro %}

{# {column: SQL type} of a source. #}
{% macro contract_types(source_name) %}
    {% set c = contract(source_name) %}
    {% set types = {} %}
    {% for name in c.columns %}
        {% do types.update({name: c.types[loop.index0]}) %}
    {% endfor %}
    {{ return(types) }}
{% endmacro %}

{# The statements of a source that were known by known_on, as they stand after the decisions known by then. #}
{% macro decided_statements(source_name) -%}
    {%- set c = contract(source_name) -%}
    {%- set types = contract_types(source_name) -%}
    {%- set open_columns = c.columns | reject("in", c["keys"] + c.scope) | list -%}
    {%- set entities = named_entities(source_name) -%}
    {%- set key_entities = entities.keys() | select("in", c["keys"]) | list -%}
    {%- set key_entity = key_entities[0] if key_entities else none -%}
    with

    accepted_rows as (

        select *
        from {{ source('raw', source_name) }}
        where received_on <= {{ known_on() }}

    ),

    -- Rows that a person released from quarantine stand in the delivery that they came with.
    released_rows as (

        select
            {%- for name in c.columns %}
            cast(json_extract_string(data, '$.{{ name }}') as {{ types[name] }}) as {{ name }},
            {%- endfor %}
            {%- for name in c.precisions %}
            json_extract_string(data, '$.{{ name }}') as {{ name }},
            {%- endfor %}
            list_concat(cast(json_extract(data, '$.marks') as varchar[]), ['released']) as marks,
            json_extract_string(data, '$.extra') as extra,
            district_code,
            file_sha256,
            file_name,
            sheet,
            row_number,
            received_on,
            false as restates_by_key
        from {{ ref('stg_released_row') }}
        where source = '{{ source_name }}'

    ),

    {%- if c["keys"] %}

    -- A key that stands twice in one delivery says nothing: what was accepted stays alone.
    admitted_rows as (

        select released_rows.*
        from released_rows
        left join accepted_rows
            on
                released_rows.district_code = accepted_rows.district_code
                and released_rows.received_on = accepted_rows.received_on
                {%- for name in c["keys"] %}
                and released_rows.{{ name }} is not distinct from accepted_rows.{{ name }}
                {%- endfor %}
        where accepted_rows.row_number is null
        qualify row_number() over (
            partition by
                released_rows.district_code, released_rows.received_on
                {%- for name in c["keys"] %}, released_rows.{{ name }}{% endfor %}
            order by released_rows.file_name, released_rows.sheet, released_rows.row_number
        ) = 1

    ),
    {%- endif %}

    known_rows as (

        select
            *,
            {{ statement_key(source_name) }} as statement_key
        from (
            select * from accepted_rows
            union all by name
            select * from {{ "admitted_rows" if c["keys"] else "released_rows" }}
        )

    ),

    corrections as (

        select
            statement_key,
            list(
                struct_pack(
                    ids := correction_id,
                    district_code := district_code,
                    column_name := column_name,
                    old_value := old_value,
                    new_value := new_value
                )
                order by decided_on, file_name, row_number
            ) as changes
        from {{ ref('stg_correction') }}
        where source = '{{ source_name }}' and problem is null
        group by statement_key

    ),

    addressed as (

        select
            known_rows.*,
            case when corrections.changes is not null then list_filter(
                corrections.changes,
                lambda x: x.district_code is null or x.district_code = known_rows.district_code
            ) end as changes,
            case when corrections.changes is not null then map(
                [{% for name in open_columns %}'{{ name }}'{{ ", " if not loop.last }}{% endfor %}],
                [{% for name in open_columns %}cast(known_rows.{{ name }} as varchar){{ ", " if not loop.last }}{% endfor %}]
            ) end as stated
        from known_rows
        left join corrections on known_rows.statement_key = corrections.statement_key

    ),

    -- Each correction of a cell in turn: it acts where what stands is what it says stood.
    patched as (

        select
            * exclude (changes, stated),
            case when changes is not null then map_from_entries(list_transform(
                list_distinct(list_transform(changes, lambda x: x.column_name)),
                lambda n: struct_pack(
                    k := n,
                    v := list_reduce(
                        list_filter(changes, lambda x: x.column_name = n),
                        lambda a, x: case
                            when a.new_value is not distinct from x.old_value then struct_pack(
                                ids := a.ids || ' ' || x.ids,
                                district_code := a.district_code,
                                column_name := a.column_name,
                                old_value := a.old_value,
                                new_value := x.new_value
                            )
                            else a
                        end,
                        struct_pack(
                            ids := '',
                            district_code := cast(null as varchar),
                            column_name := n,
                            old_value := stated[n],
                            new_value := stated[n]
                        )
                    )
                )
            )) end as patch
        from addressed

    ),

    corrected as (

        select
            * exclude (patch) replace (
                {%- for name in open_columns %}
                case
                    when patch is not null and map_contains(patch, '{{ name }}')
                        then cast(patch['{{ name }}'].new_value as {{ types[name] }})
                    else {{ name }}
                end as {{ name }}{{ "," if not loop.last }}
                {%- endfor %}
            ),
            case when patch is not null then list_filter(
                string_split(
                    array_to_string(list_transform(map_values(patch), lambda x: x.ids), ' '), ' '
                ),
                lambda x: x <> ''
            ) end as correction_ids
        from patched

    ),
    {% if entities %}
    merges as (

        select
            entity,
            district_code,
            from_value,
            into_value
        from {{ ref('stg_merge') }}
        where problem is null

    ),
    {% endif %}
    {%- if key_entity and c.mode != "events" %}
    touched as (

        select
            corrected.district_code,
            corrected.received_on,
            corrected.statement_key,
            {{ statement_key(source_name, {key_entity: "merges.into_value"}) }} as merged_key,
            merges.into_value,
            {{ "corrected.project_code" if source_name == "signing" else "cast(null as varchar)" }} as project_code
        from corrected
        inner join merges
            on
                merges.entity = '{{ entities[key_entity] }}'
                and (merges.district_code is null or corrected.district_code = merges.district_code)
                and corrected.{{ key_entity }} = merges.from_value

    ),

    -- Two rows would have one key. {{ "In a register the row of the one that stays counts." if c.mode == "register" else "No figure is lost: such a row stays under its own code." }}
    set_aside as (

        select distinct
            touched.district_code,
            touched.received_on,
            touched.statement_key,
            touched.into_value,
            touched.project_code
        from touched
        inner join corrected
            on
                touched.district_code = corrected.district_code
                and touched.merged_key = corrected.statement_key
                {%- if c.mode == "register" %}
                and touched.received_on = corrected.received_on
                {%- endif %}

        union distinct

        select
            district_code,
            received_on,
            statement_key,
            into_value,
            project_code
        from touched
        qualify statement_key > min(statement_key) over (
            partition by district_code, merged_key{{ ", received_on" if c.mode == "register" }}
        )

    ),
    {% if source_name == "signing" %}
    -- The row that stays shows the codes of those that went into it.
    joined_codes as (

        select
            district_code,
            received_on,
            into_value,
            string_agg(project_code, '、' order by statement_key) as project_code
        from set_aside
        where project_code is not null
        group by district_code, received_on, into_value

    ),
    {% endif %}
    {%- endif %}
    final as (

        select
            corrected.*
            {%- if entities %} replace (
                {%- for name, entity in entities.items() %}
                {%- if name == key_entity and c.mode == "period" %}
                case
                    when set_aside.statement_key is not null then corrected.{{ name }}
                    else coalesce({{ name }}_merge.into_value, corrected.{{ name }})
                end as {{ name }}{{ "," if not loop.last or source_name == "signing" }}
                {%- else %}
                coalesce({{ name }}_merge.into_value, corrected.{{ name }}) as {{ name }}{{ "," if not loop.last or source_name == "signing" }}
                {%- endif %}
                {%- endfor %}
                {%- if source_name == "signing" %}
                case
                    when joined_codes.project_code is null then corrected.project_code
                    else concat_ws('、', corrected.project_code, joined_codes.project_code)
                end as project_code
                {%- endif %}
            )
            {%- endif %}
        from corrected
        {%- for name, entity in entities.items() %}
        left join merges as {{ name }}_merge
            on
                {{ name }}_merge.entity = '{{ entity }}'
                and (
                    {{ name }}_merge.district_code is null
                    or corrected.district_code = {{ name }}_merge.district_code
                )
                and corrected.{{ name }} = {{ name }}_merge.from_value
        {%- endfor %}
        {%- if key_entity and c.mode != "events" %}
        left join set_aside
            on
                corrected.district_code = set_aside.district_code
                and corrected.received_on = set_aside.received_on
                and corrected.statement_key = set_aside.statement_key
        {%- if source_name == "signing" %}
        left join joined_codes
            on
                corrected.district_code = joined_codes.district_code
                and corrected.received_on = joined_codes.received_on
                and corrected.signing_row_no = joined_codes.into_value
        {%- endif %}
        {%- if c.mode == "register" %}
        where set_aside.statement_key is null
        {%- endif %}
        {%- endif %}

    )

    select * from final
{%- endmacro %}

{# A field of a decision's row, by its English or its Chinese name; null when empty. #}
{% macro decision_text(name, name_zh) -%}
    coalesce(
        nullif(trim(json_extract_string(data, '$."{{ name }}"')), ''),
        nullif(trim(json_extract_string(data, '$."{{ name_zh }}"')), '')
    )
{%- endmacro %}

{# A text that a person wrote, as the text of the column's typed value; null where it cannot be read. #}
{% macro typed_text(text) -%}
    case
        when described.sql_type like 'decimal%'
            then cast(try_cast(replace({{ text }}, ',', '') as decimal(18, 6)) as varchar)
        when described.value_type = 'period' and regexp_matches({{ text }}, '^\d{4}-\d{2}$')
            then cast(last_day(cast({{ text }} || '-01' as date)) as varchar)
        when described.sql_type = 'date' then cast(try_cast({{ text }} as date) as varchar)
        when described.sql_type = 'timestamp'
            then cast(try_cast({{ text }} as timestamp) as varchar)
        when described.sql_type = 'integer' then cast(try_cast({{ text }} as integer) as varchar)
        when described.sql_type = 'boolean'
            then case {{ text }}
                when '是' then 'true'
                when '否' then 'false'
                else cast(try_cast({{ text }} as boolean) as varchar)
            end
        else {{ text }}
    end
{%- endmacro %}
