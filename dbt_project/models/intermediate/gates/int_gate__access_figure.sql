-- Every figure that the access gate used, with the cell it came from.

with

requests as (

    select
        project_id,
        fixed_asset_investment,
        investment_equipment,
        land_area,
        leased_floor_area,
        planned_floor_area,
        expected_sales,
        expected_tax,
        energy_tce,
        file_sha256,
        sheet,
        row_number,
        signing_red_line,
        agreement_red_line,
        agreement_file_sha256,
        agreement_sheet,
        agreement_row_number,
        enterprise_status,
        firm_file_sha256,
        firm_sheet,
        firm_row_number
    from {{ ref('int_gate__access_request') }}

),

ledger_figures as (

    select
        project_id,
        file_sha256,
        sheet,
        row_number,
        unnest([
            struct_pack(
                column_name := 'fixed_asset_investment',
                value := cast(fixed_asset_investment as varchar)
            ),
            struct_pack(
                column_name := 'investment_equipment',
                value := cast(investment_equipment as varchar)
            ),
            struct_pack(column_name := 'land_area', value := cast(land_area as varchar)),
            struct_pack(
                column_name := 'leased_floor_area', value := cast(leased_floor_area as varchar)
            ),
            struct_pack(
                column_name := 'planned_floor_area', value := cast(planned_floor_area as varchar)
            ),
            struct_pack(column_name := 'expected_sales', value := cast(expected_sales as varchar)),
            struct_pack(column_name := 'expected_tax', value := cast(expected_tax as varchar)),
            struct_pack(column_name := 'energy_tce', value := cast(energy_tce as varchar)),
            struct_pack(column_name := 'red_line', value := signing_red_line)
        ]) as figure
    from requests

),

final as (

    select
        project_id,
        'signing' as source,
        file_sha256,
        sheet,
        row_number,
        figure.column_name,
        figure.value
    from ledger_figures
    where figure.value is not null

    union all

    select
        project_id,
        'agreement' as source,
        agreement_file_sha256 as file_sha256,
        agreement_sheet as sheet,
        agreement_row_number as row_number,
        'red_line' as column_name,
        agreement_red_line as value
    from requests
    where agreement_red_line is not null

    union all

    select
        project_id,
        'enterprise' as source,
        firm_file_sha256 as file_sha256,
        firm_sheet as sheet,
        firm_row_number as row_number,
        'enterprise_status' as column_name,
        enterprise_status as value
    from requests
    where enterprise_status is not null

)

select
    project_id,
    source,
    file_sha256,
    sheet,
    row_number,
    column_name,
    value
from final
