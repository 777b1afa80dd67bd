-- metrics.md "Stages" 3, evidenced: max(first construction permit or what takes its place, first
-- activity witness on or after it). As every witness lies on or after it, the first witness is
-- the day.

with

projects as (

    select
        project_id,
        district_code,
        signing_row_no,
        is_leased
    from {{ ref('int_project') }}

),

-- Evidenced 开工 needs evidenced 备案.
filings as (

    select
        project_id,
        filing_date,
        approval_path,
        commitment_date
    from {{ ref('int_stage__filing') }}
    where is_first

),

permits as (

    select
        project_id,
        construction_permit_date
    from {{ ref('int_stage__permit') }}

),

project_codes as (

    select distinct
        project_id,
        key_value as project_code
    from {{ ref('bridge_project_key') }}
    where
        key_kind = 'project_code'
        -- A code that the ledger no longer shows is a closed link.
        and valid_to is null

),

payments as (

    select
        district_code,
        signing_row_no,
        amount,
        paid_at,
        purpose,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_payment__current') }}

),

investments as (

    select
        district_code,
        {{ project_code_key("project_code") }} as project_code,
        stat_period,
        investment_month,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_fai__current') }}

),

first_permits as (

    select
        project_id,
        min(construction_permit_date) as permit_on
    from permits
    group by project_id

),

anchors as (

    select
        projects.project_id,
        projects.district_code,
        projects.signing_row_no,
        first_permits.permit_on,
        case
            -- No land or leased plant: there is nothing to permit, also where a permit exists.
            when projects.is_leased
                then filings.filing_date
            when filings.approval_path in ('承诺制', '容缺受理', '拿地即开工', '分阶段')
                then least(first_permits.permit_on, filings.commitment_date)
            else first_permits.permit_on
        end as anchor_on
    from projects
    inner join filings on projects.project_id = filings.project_id
    left join first_permits on projects.project_id = first_permits.project_id

),

witnesses as (

    select
        anchors.project_id,
        cast(payments.paid_at as date) as witnessed_on,
        'payment' as source,
        payments.file_sha256,
        payments.sheet,
        payments.row_number
    from anchors
    inner join payments
        on
            anchors.district_code = payments.district_code
            and anchors.signing_row_no = payments.signing_row_no
            and anchors.anchor_on <= cast(payments.paid_at as date)
    where
        payments.purpose in ('土建', '设备')
        -- A reversed payment witnesses nothing.
        and payments.amount > 0

    union all

    select
        anchors.project_id,
        investments.stat_period as witnessed_on,
        'fai' as source,
        investments.file_sha256,
        investments.sheet,
        investments.row_number
    from anchors
    inner join project_codes on anchors.project_id = project_codes.project_id
    inner join investments
        on
            anchors.district_code = investments.district_code
            and project_codes.project_code = investments.project_code
            and anchors.anchor_on <= investments.stat_period
    where investments.investment_month > 0

),

final as (

    select
        anchors.project_id,
        anchors.anchor_on,
        witnesses.witnessed_on as started_on,
        witnesses.source,
        witnesses.file_sha256,
        witnesses.sheet,
        witnesses.row_number
    from anchors
    inner join witnesses on anchors.project_id = witnesses.project_id
    where witnesses.witnessed_on <= {{ as_of() }}
    qualify row_number() over (
        partition by anchors.project_id
        order by
            witnesses.witnessed_on asc,
            witnesses.source desc,
            witnesses.file_sha256 asc,
            witnesses.sheet asc,
            witnesses.row_number asc
    ) = 1

)

select
    project_id,
    anchor_on,
    started_on,
    source,
    file_sha256,
    sheet,
    row_number
from final
