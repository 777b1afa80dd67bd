-- Every figure that the growth watch used, with the cell it came from: 12 months of sales and tax
-- (and the base year of an expansion), the months of power that were averaged, the insured staff,
-- the terms and the serving unit.

with

tests as (

    select distinct project_id
    from {{ ref('int_gate__growth_test') }}

),

projects as (

    select
        project_id,
        district_code,
        signing_row_no,
        uscc,
        expected_sales,
        expected_tax,
        source,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_project') }}

),

terms_of_growth as (

    select
        project_id,
        base_month
    from {{ ref('int_gate__terms') }}

),

watched as (

    select
        tests.project_id,
        terms_of_growth.base_month,
        projects.district_code,
        projects.signing_row_no,
        projects.uscc,
        projects.expected_sales,
        projects.expected_tax,
        projects.source,
        projects.file_sha256,
        projects.sheet,
        projects.row_number
    from tests
    inner join projects on tests.project_id = projects.project_id
    inner join terms_of_growth on tests.project_id = terms_of_growth.project_id

),

agreements as (

    select
        district_code,
        signing_row_no,
        agreed_sales,
        agreed_tax,
        agreed_tax_per_mu,
        agreed_land_area,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_agreement__current') }}

),

sales_months as (

    select
        district_code,
        uscc,
        stat_period,
        invoiced_sales,
        file_sha256,
        sheet,
        row_number
    from {{ ref('fct_sales_month') }}

),

tax_rows as (

    select
        district_code,
        uscc,
        last_day(coalesce(tax_treasury_date, stat_period)) as month_end,
        tax_paid_yuan,
        file_sha256,
        sheet,
        row_number
    from {{ ref('fct_tax') }}

),

accounts as (

    select distinct
        project_id,
        district_code,
        key_value as power_account_no
    from {{ ref('bridge_project_key') }}
    where
        key_kind = 'power_account_no'
        and valid_to is null

),

power_months as (

    select
        district_code,
        power_account_no,
        stat_period,
        power_kwh,
        file_sha256,
        sheet,
        row_number
    from {{ ref('fct_power_month') }}

),

staff as (

    select
        project_id,
        insured_month,
        insured_headcount
    from {{ ref('int_gate__growth_staff') }}

),

insured_months as (

    select
        district_code,
        uscc,
        stat_period,
        file_sha256,
        sheet,
        row_number
    from {{ ref('fct_insured_month') }}

),

services as (

    select
        project_id,
        service_unit,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_gate__service_unit') }}

),

terms as (

    select
        watched.project_id,
        'agreement' as source,
        agreements.file_sha256,
        agreements.sheet,
        agreements.row_number,
        unnest([
            struct_pack(
                column_name := 'agreed_sales', value := cast(agreements.agreed_sales as varchar)
            ),
            struct_pack(
                column_name := 'agreed_tax', value := cast(agreements.agreed_tax as varchar)
            ),
            struct_pack(
                column_name := 'agreed_tax_per_mu',
                value := case
                    when agreements.agreed_tax is null
                        then cast(agreements.agreed_tax_per_mu as varchar)
                end
            ),
            struct_pack(
                column_name := 'agreed_land_area',
                value := case
                    when agreements.agreed_tax is null
                        then cast(agreements.agreed_land_area as varchar)
                end
            )
        ]) as figure
    from watched
    inner join agreements
        on
            watched.district_code = agreements.district_code
            and watched.signing_row_no = agreements.signing_row_no

    union all

    select
        watched.project_id,
        watched.source,
        watched.file_sha256,
        watched.sheet,
        watched.row_number,
        unnest([
            struct_pack(
                column_name := 'expected_sales', value := cast(watched.expected_sales as varchar)
            ),
            struct_pack(
                column_name := 'expected_tax', value := cast(watched.expected_tax as varchar)
            )
        ]) as figure
    from watched
    left join agreements
        on
            watched.district_code = agreements.district_code
            and watched.signing_row_no = agreements.signing_row_no
    where agreements.signing_row_no is null

),

figures as (

    select
        project_id,
        source,
        file_sha256,
        sheet,
        row_number,
        figure.column_name,
        figure.value
    from terms

    union all

    select
        watched.project_id,
        'sales' as source,
        sales_months.file_sha256,
        sales_months.sheet,
        sales_months.row_number,
        'invoiced_sales' as column_name,
        cast(sales_months.invoiced_sales as varchar) as value
    from watched
    inner join sales_months
        on
            watched.district_code = sales_months.district_code
            and watched.uscc = sales_months.uscc
    where
        datediff('month', sales_months.stat_period, {{ last_full_month() }}) between 0 and 11
        or datediff('month', sales_months.stat_period, watched.base_month) between 0 and 11

    union all

    select
        watched.project_id,
        'tax' as source,
        tax_rows.file_sha256,
        tax_rows.sheet,
        tax_rows.row_number,
        'tax_paid' as column_name,
        cast(
            cast(tax_rows.tax_paid_yuan * 0.0001 as decimal(20, 6)) as varchar
        ) as value
    from watched
    inner join tax_rows
        on
            watched.district_code = tax_rows.district_code
            and watched.uscc = tax_rows.uscc
    where
        datediff('month', tax_rows.month_end, {{ last_full_month() }}) between 0 and 11
        or datediff('month', tax_rows.month_end, watched.base_month) between 0 and 11

    union all

    select
        watched.project_id,
        'power' as source,
        power_months.file_sha256,
        power_months.sheet,
        power_months.row_number,
        'power_kwh' as column_name,
        cast(power_months.power_kwh as varchar) as value
    from watched
    inner join accounts on watched.project_id = accounts.project_id
    inner join power_months
        on
            accounts.district_code = power_months.district_code
            and accounts.power_account_no = power_months.power_account_no
    where
        datediff('month', power_months.stat_period, {{ last_full_month() }})
        between 0 and cast({{ gate_value('growth_power', 'months') }} as integer) - 1

    union all

    select
        watched.project_id,
        'social' as source,
        insured_months.file_sha256,
        insured_months.sheet,
        insured_months.row_number,
        'insured_headcount' as column_name,
        cast(staff.insured_headcount as varchar) as value
    from watched
    inner join staff on watched.project_id = staff.project_id
    inner join insured_months
        on
            watched.district_code = insured_months.district_code
            and watched.uscc = insured_months.uscc
            and staff.insured_month = insured_months.stat_period

    union all

    select
        watched.project_id,
        'milestone' as source,
        services.file_sha256,
        services.sheet,
        services.row_number,
        'service_unit' as column_name,
        services.service_unit as value
    from watched
    inner join services on watched.project_id = services.project_id

),

final as (

    select
        project_id,
        source,
        file_sha256,
        sheet,
        row_number,
        column_name,
        value
    from figures
    where value is not null

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
