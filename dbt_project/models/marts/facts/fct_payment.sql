with

payments as (

    select
        district_code,
        account_bank,
        flow_no,
        signing_row_no,
        payer,
        payee,
        payer_uscc,
        payee_uscc,
        amount,
        paid_at,
        -- A time that could not be read says no day; it was paid before it was reported.
        coalesce(cast(paid_at as date), received_on) as paid_on,
        purpose,
        contract_no,
        contract_amount,
        invoice_no,
        invoice_amount,
        is_instalment,
        is_cash_pool,
        received_on,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_payment__current') }}

),

projects as (

    select
        district_code,
        signing_row_no,
        project_id
    from {{ ref('int_project') }}
    where signing_row_no is not null

),

final as (

    select
        payments.district_code,
        payments.account_bank,
        payments.flow_no,
        projects.project_id,
        payments.signing_row_no,
        payments.paid_on,
        payments.paid_at,
        payments.payer,
        payments.payee,
        payments.payer_uscc,
        payments.payee_uscc,
        payments.purpose,
        cast(payments.amount as decimal(20, 4)) as amount,
        cast(cast(payments.amount as decimal(24, 6)) * 10000 as decimal(20, 2)) as amount_yuan,
        payments.contract_no,
        cast(payments.contract_amount as decimal(20, 4)) as contract_amount,
        payments.invoice_no,
        cast(payments.invoice_amount as decimal(20, 4)) as invoice_amount,
        payments.is_instalment,
        payments.is_cash_pool,
        payments.received_on,
        'payment' as source,
        payments.file_sha256,
        payments.sheet,
        payments.row_number
    from payments
    left join projects
        on
            payments.district_code = projects.district_code
            and payments.signing_row_no = projects.signing_row_no
    -- Nothing is known in a mart of what happened after as_of (metrics.md, "Precisely").
    where payments.paid_on <= {{ as_of() }}

)

select
    district_code,
    account_bank,
    flow_no,
    project_id,
    signing_row_no,
    paid_on,
    paid_at,
    payer,
    payee,
    payer_uscc,
    payee_uscc,
    purpose,
    amount,
    amount_yuan,
    contract_no,
    contract_amount,
    invoice_no,
    invoice_amount,
    is_instalment,
    is_cash_pool,
    received_on,
    source,
    file_sha256,
    sheet,
    row_number
from final
