with

readings as (

    select
        district_code,
        stat_period,
        power_account_no,
        company_name,
        {{ company_key("company_name") }} as company_key,
        power_category,
        power_capacity_kva,
        power_kwh,
        self_generated_kwh,
        is_shared_meter,
        received_on,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_power__current') }}
    -- A month is in when its last day <= as_of (metrics.md, "Precisely").
    where stat_period <= {{ as_of() }}

),

account_links as (

    select
        district_code,
        power_account_no,
        project_id,
        match_method,
        confidence
    from {{ ref('int_match__power') }}
    where project_id is not null

),

firm_names as (

    select
        district_code,
        company_key,
        uscc
    from {{ ref('int_firm_name') }}
    where firm_count = 1

),

project_firms as (

    select distinct
        project_id,
        key_value as uscc
    from {{ ref('bridge_project_key') }}
    where
        key_kind = 'uscc'
        and valid_to is null

),

-- The firm of an account by its projects, where they name one firm: by those that a person linked,
-- and by all of them.
account_firms as (

    select
        account_links.district_code,
        account_links.power_account_no,
        case
            when count(distinct project_firms.uscc) = 1 then min(project_firms.uscc)
        end as linked_uscc,
        count(distinct project_firms.uscc) filter (
            where account_links.match_method = 'manual'
        ) as manual_uscc_count,
        min(project_firms.uscc) filter (where account_links.match_method = 'manual') as manual_uscc
    from account_links
    inner join project_firms on account_links.project_id = project_firms.project_id
    group by account_links.district_code, account_links.power_account_no

),

with_firm as (

    select
        readings.district_code,
        readings.stat_period,
        readings.power_account_no,
        coalesce(
            case when account_firms.manual_uscc_count = 1 then account_firms.manual_uscc end,
            firm_names.uscc,
            account_firms.linked_uscc
        ) as uscc,
        readings.company_name,
        readings.power_category,
        readings.power_capacity_kva,
        readings.power_kwh,
        readings.self_generated_kwh,
        readings.is_shared_meter,
        readings.received_on,
        readings.file_sha256,
        readings.sheet,
        readings.row_number
    from readings
    left join account_firms
        on
            readings.district_code = account_firms.district_code
            and readings.power_account_no = account_firms.power_account_no
    left join firm_names
        on
            readings.district_code = firm_names.district_code
            and readings.company_key = firm_names.company_key

),

-- An account that changed hands is linked to the projects of both firms: each month takes those of
-- its own.
firm_links as (

    select
        account_links.district_code,
        account_links.power_account_no,
        project_firms.uscc,
        cast(count(distinct account_links.project_id) as integer) as project_count,
        case
            when count(distinct account_links.project_id) = 1 then min(account_links.project_id)
        end as project_id,
        case
            when bool_or(account_links.match_method = 'manual') then 'manual'
            else min(account_links.match_method)
        end as match_method,
        min(account_links.confidence) as confidence
    from account_links
    left join project_firms on account_links.project_id = project_firms.project_id
    group by account_links.district_code, account_links.power_account_no, project_firms.uscc

),

final as (

    select
        with_firm.district_code,
        with_firm.stat_period,
        with_firm.power_account_no,
        with_firm.uscc,
        firm_links.project_id,
        coalesce(firm_links.project_count, 0) as project_count,
        firm_links.match_method,
        firm_links.confidence,
        with_firm.company_name,
        with_firm.power_category,
        cast(with_firm.power_capacity_kva as decimal(20, 4)) as power_capacity_kva,
        cast(with_firm.power_kwh as decimal(20, 4)) as power_kwh,
        cast(with_firm.self_generated_kwh as decimal(20, 4)) as self_generated_kwh,
        cast(
            with_firm.power_kwh + coalesce(with_firm.self_generated_kwh, 0) as decimal(20, 4)
        ) as consumed_kwh,
        with_firm.is_shared_meter,
        with_firm.received_on,
        'power' as source,
        with_firm.file_sha256,
        with_firm.sheet,
        with_firm.row_number
    from with_firm
    left join firm_links
        on
            with_firm.district_code = firm_links.district_code
            and with_firm.power_account_no = firm_links.power_account_no
            and with_firm.uscc is not distinct from firm_links.uscc

)

select
    district_code,
    stat_period,
    power_account_no,
    uscc,
    project_id,
    project_count,
    match_method,
    confidence,
    company_name,
    power_category,
    power_capacity_kva,
    power_kwh,
    self_generated_kwh,
    consumed_kwh,
    is_shared_meter,
    received_on,
    source,
    file_sha256,
    sheet,
    row_number
from final
