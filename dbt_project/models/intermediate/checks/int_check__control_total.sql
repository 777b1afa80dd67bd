-- Every figure of every control row of a file, beside the rows that it can be the sum of (checks.md
-- R42): all rows of the sheet, those since the control row before it, those up to the next one, and
-- of a row 其中 those of the board that it names. Only what can be added up.

with

contract_columns as (

    select
        source,
        column_name,
        label_zh
    from {{ ref('stg_contract_column') }}
    where value_type in ('money', 'money_fx', 'area', 'number', 'energy')

),

control_rows as (

    select
        source,
        district_code,
        file_sha256,
        sheet,
        row_number,
        regexp_replace(label, '\s|　', '', 'g') as label,
        totals.values as told_values,
        lag(row_number) over sheets as previous_row,
        lead(row_number) over sheets as next_row
    from {{ ref('stg_control_total') }} as totals
    window sheets as (partition by district_code, file_sha256, sheet order by row_number)

),

told as (

    select
        * exclude (told_values),
        unnest(json_keys(told_values)) as column_name,
        told_values
    from control_rows

),

control_files as (

    select distinct
        source,
        file_sha256
    from control_rows

),

figures as (

    {{ control_figures('control_files') }}

),

rows_told as (

    select
        source,
        file_sha256,
        sheet,
        row_number,
        reporting_unit,
        struct_extract(figure, 'column_name') as column_name,
        struct_extract(figure, 'value') as value
    from figures

),

-- A row that waits in quarantine is missing from the sums.
held_sheets as (

    select
        file_sha256,
        sheet,
        count(distinct row_number) as held_rows
    from {{ ref('stg_quarantine') }}
    group by file_sha256, sheet

),

final as (

    select
        told.district_code,
        told.source,
        told.file_sha256,
        told.sheet,
        told.row_number,
        told.label,
        contract_columns.label_zh as column_label,
        told.column_name,
        case
            when starts_with(told.label, '其中') then 'part'
            when contains(told.label, '小计') then 'block'
            else 'whole'
        end as kind,
        cast(
            json_extract_string(any_value(told.told_values), '$.' || told.column_name)
            as decimal(24, 6)
        ) as told,
        count(rows_told.row_number) as rows_read,
        coalesce(sum(rows_told.value), 0) as sum_of_sheet,
        coalesce(
            sum(rows_told.value) filter (
                where
                rows_told.row_number > coalesce(told.previous_row, 0)
                and rows_told.row_number < told.row_number
            ),
            0
        ) as sum_above,
        coalesce(
            sum(rows_told.value) filter (
                where
                rows_told.row_number > told.row_number
                and rows_told.row_number < coalesce(told.next_row, 1000000000)
            ),
            0
        ) as sum_below,
        sum(rows_told.value) filter (
            where
            rows_told.reporting_unit = regexp_replace(told.label, '^其中[:：]?', '')
        ) as sum_of_board,
        coalesce(max(held_sheets.held_rows), 0) as held_rows
    from told
    inner join contract_columns
        on told.source = contract_columns.source and told.column_name = contract_columns.column_name
    left join rows_told
        on
            told.source = rows_told.source
            and told.file_sha256 = rows_told.file_sha256
            and told.sheet = rows_told.sheet
            and told.column_name = rows_told.column_name
    left join held_sheets
        on told.file_sha256 = held_sheets.file_sha256 and told.sheet = held_sheets.sheet
    group by
        told.district_code, told.source, told.file_sha256, told.sheet, told.row_number, told.label,
        contract_columns.label_zh, told.column_name

)

select
    district_code,
    source,
    file_sha256,
    sheet,
    row_number,
    label,
    column_label,
    column_name,
    kind,
    told,
    rows_read,
    sum_of_sheet,
    sum_above,
    sum_below,
    sum_of_board,
    held_rows
from final
where told is not null
