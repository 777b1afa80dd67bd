-- What shows that somebody worked on a project after its filing: permits, land contracts, payments
-- and reported investment, each a dated row of another department.

with

permits as (

    select
        project_id,
        construction_permit_date,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_stage__permit') }}

),

lands as (

    select
        project_id,
        contract_signed_on,
        file_sha256,
        sheet,
        row_number
    from {{ ref('fct_land') }}
    where project_id is not null

),

payments as (

    select
        project_id,
        paid_on,
        purpose,
        amount_yuan,
        file_sha256,
        sheet,
        row_number
    from {{ ref('fct_payment') }}
    where project_id is not null

),

reports as (

    select
        project_id,
        stat_period,
        investment_month,
        file_sha256,
        sheet,
        row_number
    from {{ ref('fct_investment_month') }}

),

final as (

    select
        project_id,
        'permit' as source,
        construction_permit_date as happened_on,
        false as is_works,
        file_sha256,
        sheet,
        row_number
    from permits

    union all

    select
        project_id,
        'land' as source,
        contract_signed_on as happened_on,
        false as is_works,
        file_sha256,
        sheet,
        row_number
    from lands
    where contract_signed_on is not null

    union all

    select
        project_id,
        'payment' as source,
        paid_on as happened_on,
        purpose in ('土建', '设备') as is_works,
        file_sha256,
        sheet,
        row_number
    from payments
    where
        purpose in ('到位资金', '土建', '设备', '土地')
        -- A reversed payment shows nothing.
        and amount_yuan > 0

    union all

    select
        project_id,
        'fai' as source,
        stat_period as happened_on,
        true as is_works,
        file_sha256,
        sheet,
        row_number
    from reports
    where investment_month > 0

)

select
    project_id,
    source,
    happened_on,
    is_works,
    file_sha256,
    sheet,
    row_number
from final
