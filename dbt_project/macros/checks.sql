{# The frame of the 45 checks (checks.md). A check answers one row a unit and period; `fct_check_result` adds what
   all of them share: identity, false discovery control, the two-key rule, the explanation. #}

{# A parameter of a check in force on as_of: thresholds are rows of the registry, never constants in SQL. #}
{% macro check_threshold(check_id, parameter) -%}
    (
        select cast(arg_max(t.value, t.effective_from) as decimal(24, 6))
        from {{ ref('check_threshold') }} as t
        where
            t.check_id = '{{ check_id }}'
            and t.parameter = '{{ parameter }}'
            and t.effective_from <= {{ as_of() }}
    )
{%- endmacro %}

{# One figure that an explanation uses, with the place where it was delivered. `alias` carries the lineage columns
   under `prefix`; `value` is SQL, the column itself unless given. #}
{% macro evidence_cell(source_name, alias, column, value=none, prefix="") -%}
    struct_pack(
        source := '{{ source_name }}',
        file_sha256 := {{ alias }}.{{ prefix }}file_sha256,
        sheet := {{ alias }}.{{ prefix }}sheet,
        row_number := {{ alias }}.{{ prefix }}row_number,
        column_name := '{{ column }}',
        value := {{ said(value or (alias ~ "." ~ column)) }}
    )
{%- endmacro %}

{# No evidence: of a pass or na row. #}
{% macro no_evidence() -%}
    cast([] as {{ evidence_type() }})
{%- endmacro %}

{% macro evidence_type() -%}
    struct(
        source varchar, file_sha256 varchar, sheet varchar, row_number bigint,
        column_name varchar, value varchar
    )[]
{%- endmacro %}

{# Cells without the figures that were not delivered. #}
{% macro evidence_list(cells) -%}
    list_filter([{{ cells | join(", ") }}], lambda c : c.value is not null)
{%- endmacro %}

{# Statistics are rounded to 8 significant digits before they are compared and published. #}
{% macro significant(value, digits=8) -%}
    case
        when ({{ value }}) is null or not isfinite(cast({{ value }} as double)) then null
        when ({{ value }}) = 0 then cast(0 as double)
        else round(
            cast({{ value }} as double),
            {{ digits }} - 1 - cast(floor(log10(abs(cast({{ value }} as double)))) as integer)
        )
    end
{%- endmacro %}

{# A figure in a sentence or a cell: no trailing zeros. Anything else as it is. #}
{% macro said(value) -%}
    case
        when regexp_full_match(cast({{ value }} as varchar), '-?[0-9]+[.][0-9]+')
            then rtrim(rtrim(cast({{ value }} as varchar), '0'), '.')
        else cast({{ value }} as varchar)
    end
{%- endmacro %}

{# A sentence with figures: '{}' in the template, one value each; a figure that is missing reads as a dash. #}
{% macro sentence(template, values) -%}
    format(
        '{{ template }}'
        {%- for value in values %},
        coalesce({{ said(value) }}, '—')
        {%- endfor %}
    )
{%- endmacro %}

{# How strong a severity is, for picking the worst of several clauses or codes. #}
{% macro severity_rank(column) -%}
    case {{ column }} when 'block' then 3 when 'quarantine' then 2 when 'flag' then 1 else 0 end
{%- endmacro %}

{# The last select of a check: the columns that every check answers with, in one order and type. What a check has no
   use for it leaves out, and it is null here. The facts and the relation are texts of a fail only. #}
{% macro check_answer(relation) -%}
    {%- set columns = {
        "district_code": "varchar", "entity_type": "varchar", "entity_id": "varchar", "counterpart_id": "varchar",
        "reporting_unit": "varchar", "period": "varchar", "anchor_on": "date", "project_id": "varchar",
        "counterpart_project_id": "varchar", "uscc": "varchar", "outcome": "varchar", "na_reason": "varchar",
        "severity": "varchar", "statistic": "double", "threshold": "double", "observed": "decimal(24, 6)",
        "expected": "decimal(24, 6)", "n_used": "integer", "p_value": "double", "exemptions_checked": "varchar[]",
        "evidence": evidence_type(), "facts_zh": "varchar", "facts_en": "varchar", "relation_zh": "varchar",
        "relation_en": "varchar",
    } -%}
    select
    {%- for name, type in columns.items() %}
        {%- if type == "double" -%}
            {%- set value = significant(name) -%}
        {%- elif name in ("facts_zh", "facts_en", "relation_zh", "relation_en") -%}
            {%- set value = "case when outcome = 'fail' then " ~ name ~ " end" -%}
        {%- elif type.endswith("[]") -%}
            {%- set value = "coalesce(" ~ name ~ ", [])" -%}
        {%- else -%}
            {%- set value = name -%}
        {%- endif %}
        cast({{ value }} as {{ type }}) as {{ name }}{{ "," if not loop.last }}
    {%- endfor %}
    from (
        select * from {{ relation }}
        union all by name
        select
        {%- for name, type in columns.items() %}
            cast(null as {{ type }}) as {{ name }}{{ "," if not loop.last }}
        {%- endfor %}
        where false
    )
{%- endmacro %}
