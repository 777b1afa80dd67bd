-- The money of a project: signed, filed, agreed, invested, paid in and out, equipment bought by the
-- firm, foreign capital arrived.

with

projects as (

    select
        project_id,
        district_code,
        signing_row_no,
        uscc
    from {{ ref('int_project') }}

),

signings as (

    select
        district_code,
        signing_row_no,
        fixed_asset_investment,
        investment_equipment,
        land_area,
        energy_tce,
        planned_floor_area
    from {{ ref('int_signing__history') }}
    -- Of a withdrawn project the last row in which it stood.
    qualify row_number() over (
        partition by district_code, signing_row_no
        order by version_no desc
    ) = 1

),

payments as (

    select
        project_id,
        purpose,
        amount_yuan,
        paid_on
    from {{ ref('fct_payment') }}
    where project_id is not null

),

sales_months as (

    select
        district_code,
        uscc,
        equipment_purchases
    from {{ ref('fct_sales_month') }}

),

arrivals as (

    select
        district_code,
        signing_row_no,
        amount_usd
    from {{ ref('int_fdi__current') }}
    where
        arrived_date <= {{ as_of() }}
        and coalesce(withdrawn_on > {{ as_of() }}, true)

),

paid as (

    select
        project_id,
        sum(amount_yuan) filter (where purpose = '到位资金') as paid_in_yuan,
        sum(amount_yuan) filter (where purpose = '土建') as paid_works_yuan,
        sum(amount_yuan) filter (where purpose = '设备') as paid_equipment_yuan,
        sum(amount_yuan) filter (where purpose = '土地') as paid_land_yuan,
        max(paid_on) as last_paid_on
    from payments
    group by project_id

),

purchases as (

    select
        district_code,
        uscc,
        sum(equipment_purchases) as equipment_purchases
    from sales_months
    group by district_code, uscc

),

foreign_capital as (

    select
        district_code,
        signing_row_no,
        sum(amount_usd) as amount_usd
    from arrivals
    where signing_row_no is not null
    group by district_code, signing_row_no

),

final as (

    select
        projects.project_id,
        cast(signings.fixed_asset_investment as decimal(20, 4)) as signed_fixed_assets,
        cast(signings.investment_equipment as decimal(20, 4)) as signed_equipment,
        cast(signings.land_area as decimal(20, 4)) as applied_mu,
        cast(signings.planned_floor_area as decimal(20, 4)) as planned_floor_area,
        cast(signings.energy_tce as decimal(20, 4)) as energy_tce,
        cast(paid.paid_in_yuan * 0.0001 as decimal(20, 4)) as paid_in,
        cast(paid.paid_works_yuan * 0.0001 as decimal(20, 4)) as paid_works,
        cast(paid.paid_equipment_yuan * 0.0001 as decimal(20, 4)) as paid_equipment,
        cast(paid.paid_land_yuan * 0.0001 as decimal(20, 4)) as paid_land,
        paid.last_paid_on,
        cast(purchases.equipment_purchases as decimal(20, 4)) as equipment_purchases,
        cast(foreign_capital.amount_usd as decimal(20, 4)) as foreign_capital_arrived
    from projects
    left join signings
        on
            projects.district_code = signings.district_code
            and projects.signing_row_no = signings.signing_row_no
    left join paid on projects.project_id = paid.project_id
    left join purchases
        on
            projects.district_code = purchases.district_code
            and projects.uscc = purchases.uscc
    left join foreign_capital
        on
            projects.district_code = foreign_capital.district_code
            and projects.signing_row_no = foreign_capital.signing_row_no

)

select
    project_id,
    signed_fixed_assets,
    signed_equipment,
    applied_mu,
    planned_floor_area,
    energy_tce,
    paid_in,
    paid_works,
    paid_equipment,
    paid_land,
    last_paid_on,
    equipment_purchases,
    foreign_capital_arrived
from final
