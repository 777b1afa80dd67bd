with

payments as (

    select
        district_code,
        stat_period,
        uscc,
        company_name,
        tax_item,
        tax_subitem,
        tax_period_start,
        tax_period_end,
        tax_base,
        tax_paid,
        tax_treasury_date,
        budget_level,
        tax_relief,
        collecting_office,
        received_on,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_tax__current') }}
    -- Nothing is known in a mart of what happened after as_of (metrics.md, "Precisely").
    where coalesce(tax_treasury_date, stat_period) <= {{ as_of() }}

),

-- A legacy 15-digit id holds the organisation code in its last nine, a credit code in characters
-- 9-17 (domain.md 1.2). Where two firms share it, no firm is named.
organisations as (

    select
        district_code,
        organisation_code,
        min(uscc) as uscc
    from {{ ref('int_enterprise') }}
    where organisation_code is not null
    group by district_code, organisation_code
    having count(*) = 1

),

final as (

    select
        payments.district_code,
        payments.stat_period,
        payments.uscc as taxpayer_id,
        case
            when length(payments.uscc) = 15 then organisations.uscc
            else payments.uscc
        end as uscc,
        payments.company_name,
        payments.tax_item,
        payments.tax_subitem,
        payments.tax_period_start,
        payments.tax_period_end,
        payments.tax_treasury_date,
        payments.budget_level,
        cast(payments.tax_base as decimal(20, 4)) as tax_base,
        cast(payments.tax_paid as decimal(20, 4)) as tax_paid,
        cast(cast(payments.tax_paid as decimal(24, 6)) * 10000 as decimal(20, 2)) as tax_paid_yuan,
        cast(payments.tax_relief as decimal(20, 4)) as tax_relief,
        payments.collecting_office,
        payments.received_on,
        'tax' as source,
        payments.file_sha256,
        payments.sheet,
        payments.row_number
    from payments
    left join organisations
        on
            length(payments.uscc) = 15
            and payments.district_code = organisations.district_code
            and right(payments.uscc, 9) = organisations.organisation_code

)

select
    district_code,
    stat_period,
    taxpayer_id,
    uscc,
    company_name,
    tax_item,
    tax_subitem,
    tax_period_start,
    tax_period_end,
    tax_treasury_date,
    budget_level,
    tax_base,
    tax_paid,
    tax_paid_yuan,
    tax_relief,
    collecting_office,
    received_on,
    source,
    file_sha256,
    sheet,
    row_number
from final
