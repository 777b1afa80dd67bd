{# What became of every correction: it acts where the value that it says stood still stands. #}
{% macro correction_outcomes() -%}
with

corrections as (

    select
        correction_id,
        district_code,
        source,
        statement_key,
        column_name,
        old_text,
        new_text,
        old_value,
        new_value,
        reason,
        editor,
        problem,
        decided_on,
        file_name,
        file_sha256,
        row_number
    from {{ ref('stg_correction') }}

),
{% for source_name in contract_sources() %}
{%- set c = contract(source_name) %}
stated_{{ source_name }} as (

    select
        corrections.correction_id,
        statements.received_on,
        statements.file_sha256,
        statements.sheet,
        statements.row_number,
        standing.row_number is not null as stands,
        coalesce(list_contains(statements.correction_ids, corrections.correction_id), false) as is_acted,
        case corrections.column_name
            {%- for name in c.columns | reject("in", c["keys"] + c.scope) %}
            when '{{ name }}' then cast(standing.{{ name }} as varchar)
            {%- endfor %}
        end as value_now
    from corrections
    inner join {{ ref('stg_' ~ source_name) }} as statements
        on
            corrections.statement_key = statements.statement_key
            and (
                corrections.district_code is null
                or corrections.district_code = statements.district_code
            )
    left join {{ ref('int_' ~ source_name ~ '__current') }} as standing
        on
            statements.received_on = standing.received_on
            and statements.file_sha256 = standing.file_sha256
            and statements.file_name = standing.file_name
            and statements.sheet = standing.sheet
            and statements.row_number = standing.row_number
    where
        corrections.source = '{{ source_name }}'
        and corrections.problem is null

),
{% endfor %}
stated as (
    {% for source_name in contract_sources() %}
    select
        correction_id,
        received_on,
        file_sha256,
        sheet,
        row_number,
        stands,
        is_acted,
        value_now
    from stated_{{ source_name }}
    {% if not loop.last %}
    union all
    {% endif %}
    {%- endfor %}
),

-- The statement that stands now, and whether the correction acted on it or on an earlier one of the key.
found as (

    select
        correction_id,
        received_on,
        file_sha256,
        sheet,
        row_number,
        stands,
        is_acted,
        value_now,
        bool_or(is_acted) over (partition by correction_id) as has_acted
    from stated
    qualify row_number() over (
        partition by correction_id
        order by stands desc, received_on desc, file_sha256, sheet, row_number
    ) = 1

),

-- Every delivered row on which it acted, the older ones of the key too.
acted as (

    select
        correction_id,
        list(
            struct_pack(
                file_sha256 := file_sha256, sheet := sheet, row_number := cast(row_number as bigint)
            )
            order by received_on, file_sha256, sheet, row_number
        ) as acted_rows
    from stated
    where is_acted
    group by correction_id

),

judged as (

    select
        corrections.*,
        acted.acted_rows,
        found.value_now,
        found.file_sha256 as row_file_sha256,
        found.sheet as row_sheet,
        found.row_number as row_row_number,
        case
            when corrections.problem is not null then corrections.problem
            when not coalesce(found.stands, false) then 'key_unknown'
            when
                found.is_acted
                or (found.has_acted and found.value_now is not distinct from corrections.new_value)
                then 'applied'
            else 'old_value_gone'
        end as outcome
    from corrections
    left join found on corrections.correction_id = found.correction_id
    left join acted on corrections.correction_id = acted.correction_id

),

final as (

    select
        correction_id,
        district_code,
        source,
        statement_key,
        column_name,
        old_text as old_value,
        new_text as new_value,
        value_now as value_stands,
        outcome,
        case outcome
            when 'applied' then '已生效'
            when 'old_value_gone' then '未生效：现值已不是原值（部门已改报或另有更正）'
            when 'key_unknown' then '未生效：现行资料中没有该主键'
            when 'key_column' then '未生效：该列是主键的一部分，请由部门改报，或用合并、关联决定'
            when 'column_unknown' then '未生效：没有该来源或该列'
            when 'unreadable' then '未生效：原值或新值无法按该列的类型识别，或二者相同'
            else '未生效：缺少理由或经办人'
        end as outcome_zh,
        case outcome
            when 'applied' then 'In force'
            when 'old_value_gone' then 'Not applied: another value stands now'
            when 'key_unknown' then 'Not applied: no row with this key stands'
            when 'key_column' then 'Not applied: the column is part of the key'
            when 'column_unknown' then 'Not applied: no such source or column'
            when 'unreadable' then 'Not applied: a value cannot be read, or both are the same'
            else 'Not applied: reason or editor is missing'
        end as outcome_en,
        reason,
        editor,
        decided_on,
        file_name as decision_file,
        cast(row_number as bigint) as decision_row,
        row_file_sha256 as file_sha256,
        row_sheet as sheet,
        cast(row_row_number as bigint) as row_number,
        acted_rows
    from judged

)

select
    correction_id,
    district_code,
    source,
    statement_key,
    column_name,
    old_value,
    new_value,
    value_stands,
    outcome,
    outcome_zh,
    outcome_en,
    reason,
    editor,
    decided_on,
    decision_file,
    decision_row,
    file_sha256,
    sheet,
    row_number,
    acted_rows
from final
{%- endmacro %}
