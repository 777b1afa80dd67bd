-- One row a project and month of its life: what had moved through the supervised account by then,
-- and whether its board's payments are covered well enough to conclude anything (checks.md: 80 % of
-- the board's projects with investment in 12 months have a payment row).

with

projects as (

    select
        project_id,
        district_code,
        reporting_unit,
        is_in_ledger
    from {{ ref('int_check__project') }}

),

months as (

    select
        project_id,
        stat_period
    from {{ ref('int_check__project_month') }}

),

payments as (

    select
        project_id,
        paid_on,
        purpose,
        amount,
        contract_no
    from {{ ref('fct_payment') }}
    where project_id is not null

),

lands as (

    select
        project_id,
        contract_signed_on,
        land_price
    from {{ ref('fct_land') }}
    where project_id is not null

),

investment as (

    select
        project_id,
        stat_period
    from {{ ref('int_check__investment') }}
    where investment_month <> 0

),

first_payments as (

    select
        project_id,
        min(paid_on) as first_paid_on,
        bool_or(purpose = '土地') as pays_land
    from payments
    group by project_id

),

paid as (

    select
        months.project_id,
        months.stat_period,
        sum(payments.amount) filter (where payments.purpose = '到位资金') as paid_in,
        sum(payments.amount) filter (where payments.purpose = '土建') as paid_build,
        sum(payments.amount) filter (where payments.purpose = '设备') as paid_equipment,
        sum(payments.amount) filter (where payments.purpose = '土地') as paid_land,
        count(payments.project_id) as payment_rows
    from months
    inner join payments
        on
            months.project_id = payments.project_id
            and months.stat_period >= payments.paid_on
    group by months.project_id, months.stat_period

),

priced as (

    select
        months.project_id,
        months.stat_period,
        sum(lands.land_price) as land_price
    from months
    inner join lands
        on
            months.project_id = lands.project_id
            and months.stat_period >= lands.contract_signed_on
    group by months.project_id, months.stat_period

),

active as (

    select distinct
        projects.district_code,
        projects.reporting_unit,
        months.stat_period,
        projects.project_id,
        coalesce(first_payments.first_paid_on <= months.stat_period, false) as has_payment
    from months
    inner join projects on months.project_id = projects.project_id
    inner join investment
        on
            projects.project_id = investment.project_id
            and months.stat_period >= investment.stat_period
            and last_day(months.stat_period - interval 12 month) < investment.stat_period
    left join first_payments on projects.project_id = first_payments.project_id
    where projects.is_in_ledger

),

coverage as (

    select
        district_code,
        reporting_unit,
        stat_period,
        count(*) as active_projects,
        count(*) filter (where has_payment) as paying_projects
    from active
    group by district_code, reporting_unit, stat_period

),

final as (

    select
        months.project_id,
        months.stat_period,
        coalesce(paid.paid_in, 0) as paid_in,
        coalesce(paid.paid_build, 0) as paid_build,
        coalesce(paid.paid_equipment, 0) as paid_equipment,
        coalesce(paid.paid_land, 0) as paid_land,
        case
            when coalesce(first_payments.pays_land, false) then 0
            else coalesce(priced.land_price, 0)
        end as land_price,
        coalesce(paid.payment_rows, 0) as payment_rows,
        first_payments.project_id is not null as has_payments,
        coalesce(
            coverage.paying_projects
            >= coverage.active_projects * {{ check_threshold('all', 'board_coverage') }},
            false
        ) as is_covered
    from months
    inner join projects on months.project_id = projects.project_id
    left join paid
        on months.project_id = paid.project_id and months.stat_period = paid.stat_period
    left join priced
        on months.project_id = priced.project_id and months.stat_period = priced.stat_period
    left join first_payments on months.project_id = first_payments.project_id
    left join coverage
        on
            projects.district_code = coverage.district_code
            and projects.reporting_unit = coverage.reporting_unit
            and months.stat_period = coverage.stat_period

)

select
    project_id,
    stat_period,
    paid_in,
    paid_build,
    paid_equipment,
    paid_land,
    land_price,
    payment_rows,
    has_payments,
    is_covered
from final
