{{ config(materialized="table") }}

with

decisions as (

    select
        data,
        decided_on,
        file_name,
        file_sha256,
        row_number
    from {{ ref('stg_decision') }}
    where kind = 'correction'

),

-- The columns of the file, in English or in Chinese.
written as (

    select
        {{ decision_text('district_code', '区划') }} as district_code,
        {{ decision_text('source', '来源') }} as source,
        {{ decision_text('key', '主键') }} as statement_key,
        {{ decision_text('column', '列') }} as column_named,
        {{ decision_text('old', '原值') }} as old_text,
        {{ decision_text('new', '新值') }} as new_text,
        {{ decision_text('reason', '理由') }} as reason,
        coalesce({{ decision_text('editor', '经办人') }}, {{ decision_text('actor', '决定人') }})
            as editor,
        {{ decision_text('date', '日期') }} as date_text,
        decided_on,
        file_name,
        file_sha256,
        row_number
    from decisions

),

contracts as (

    select
        source,
        scope_columns
    from {{ ref('stg_contract') }}

),

contract_columns as (

    select
        source,
        column_name,
        label_zh,
        sql_type,
        value_type,
        is_key,
        allowed
    from {{ ref('stg_contract_column') }}

),

described as (

    select
        written.*,
        contract_columns.column_name,
        contract_columns.sql_type,
        contract_columns.value_type,
        -- The parts of a key, and what says which period or year a row belongs to.
        contract_columns.is_key
        or list_contains(contracts.scope_columns, contract_columns.column_name) as is_key,
        contract_columns.allowed
    from written
    left join contracts on written.source = contracts.source
    left join contract_columns
        on
            written.source = contract_columns.source
            and (
                written.column_named = contract_columns.column_name
                or written.column_named = contract_columns.label_zh
            )
    qualify row_number() over (
        partition by written.decided_on, written.file_name, written.row_number
        order by
            written.column_named = contract_columns.column_name desc,
            contract_columns.column_name nulls last
    ) = 1

),

-- Values are compared typed: 5000, 5,000.00 and 5000.000000 are one amount; an empty cell is null.
typed as (

    select
        described.*,
        {{ typed_text('described.old_text') }} as old_value,
        {{ typed_text('described.new_text') }} as new_value
    from described

),

final as (

    select
        substr(md5(concat_ws('|', decided_on, file_name, row_number)), 1, 16) as correction_id,
        district_code,
        source,
        statement_key,
        coalesce(column_name, column_named) as column_name,
        old_text,
        new_text,
        old_value,
        new_value,
        reason,
        editor,
        date_text,
        case
            when editor is null or reason is null then 'missing_reason'
            when column_name is null then 'column_unknown'
            when is_key then 'key_column'
            when statement_key is null then 'key_unknown'
            when
                (old_text is not null and old_value is null)
                or (new_text is not null and new_value is null)
                or (len(allowed) > 0 and new_value is not null and not list_contains(allowed, new_value))
                or old_value is not distinct from new_value
                then 'unreadable'
        end as problem,
        decided_on,
        file_name,
        file_sha256,
        row_number
    from typed

)

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
    date_text,
    problem,
    decided_on,
    file_name,
    file_sha256,
    row_number
from final
