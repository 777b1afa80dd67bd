with

accounts as (

    select
        district_code,
        power_account_no,
        company_name,
        {{ company_key("company_name") }} as company_key,
        received_on,
        file_sha256,
        sheet,
        row_number,
        stat_period
    from {{ ref('int_power__current') }}

),

aliases as (

    select
        project_id,
        district_code,
        uscc,
        company_key
    from {{ ref('int_project__alias') }}

),

firms as (

    select
        district_code,
        company_key,
        firm_count,
        uscc
    from {{ ref('int_firm_name') }}

),

decisions as (

    select
        project_id,
        key_value,
        action,
        actor,
        decided_on
    from {{ ref('int_match__decision') }}
    where key_kind = 'power_account_no'

),

rules as (

    select
        {{ rule('match_rule', 'confidence_account') }} as confidence_account,
        {{ rule('match_rule', 'confidence_shared') }} as confidence_shared

),

-- An account under each name it ever stood under; the first statement is the evidence.
names as (

    select
        district_code,
        power_account_no,
        company_key,
        company_name,
        received_on,
        file_sha256,
        sheet,
        row_number
    from accounts
    qualify row_number() over (
        partition by district_code, power_account_no, company_key
        order by stat_period, received_on, file_sha256, sheet, row_number
    ) = 1

),

project_firms as (

    select distinct
        aliases.district_code,
        aliases.project_id,
        coalesce(aliases.uscc, firms.uscc) as uscc,
        case when coalesce(aliases.uscc, firms.uscc) is null then aliases.company_key end
            as company_key
    from aliases
    left join firms
        on
            aliases.district_code = firms.district_code
            and aliases.company_key = firms.company_key
            and firms.firm_count = 1

),

-- Firm -> its projects, every one: firms and accounts are many-to-many (sources.md section 3).
by_firm as (

    select
        names.district_code,
        names.power_account_no,
        project_firms.project_id,
        names.received_on,
        names.file_sha256,
        names.sheet,
        names.row_number,
        count(*) over (
            partition by names.district_code, names.power_account_no, names.company_key
        ) as project_count
    from names
    left join firms
        on
            names.district_code = firms.district_code
            and names.company_key = firms.company_key
    inner join project_firms
        on
            names.district_code = project_firms.district_code
            and (
                (firms.firm_count = 1 and firms.uscc = project_firms.uscc)
                or (firms.firm_count is null and names.company_key = project_firms.company_key)
            )

),

links as (

    select
        by_firm.district_code,
        by_firm.power_account_no,
        by_firm.project_id,
        'name_similarity' as match_method,
        case
            when by_firm.project_count = 1 then rules.confidence_account
            else rules.confidence_shared
        end as confidence,
        'rule' as decided_by,
        by_firm.received_on as valid_from,
        by_firm.file_sha256,
        by_firm.sheet,
        by_firm.row_number
    from by_firm
    cross join rules

    union all

    select
        names.district_code,
        names.power_account_no,
        decisions.project_id,
        'manual' as match_method,
        1.0 as confidence,
        decisions.actor as decided_by,
        decisions.decided_on as valid_from,
        names.file_sha256,
        names.sheet,
        names.row_number
    from names
    inner join decisions
        on
            {{ text_key("names.power_account_no") }} = decisions.key_value
            and decisions.action = 'link'
    where decisions.project_id in (select project_firms.project_id from project_firms)

),

standing_links as (

    select
        links.district_code,
        links.power_account_no,
        links.project_id,
        links.match_method,
        links.confidence,
        links.decided_by,
        links.valid_from,
        links.file_sha256,
        links.sheet,
        links.row_number
    from links
    left join decisions
        on
            links.project_id = decisions.project_id
            and {{ text_key("links.power_account_no") }} = decisions.key_value
            and decisions.action = 'unlink'
    where decisions.project_id is null or links.match_method = 'manual'
    qualify row_number() over (
        partition by links.district_code, links.power_account_no, links.project_id
        order by
            links.match_method = 'manual' desc,
            links.confidence desc,
            links.valid_from,
            links.file_sha256,
            links.sheet,
            links.row_number
    ) = 1

),

latest_names as (

    select
        district_code,
        power_account_no,
        company_name,
        company_key,
        received_on,
        file_sha256,
        sheet,
        row_number
    from accounts
    qualify row_number() over (
        partition by district_code, power_account_no
        order by stat_period desc, received_on desc, file_sha256, sheet, row_number
    ) = 1

),

final as (

    select
        latest_names.district_code,
        latest_names.power_account_no,
        latest_names.company_name,
        standing_links.project_id,
        standing_links.match_method,
        cast(standing_links.confidence as decimal(5, 4)) as confidence,
        standing_links.decided_by,
        standing_links.valid_from,
        coalesce(standing_links.file_sha256, latest_names.file_sha256) as file_sha256,
        coalesce(standing_links.sheet, latest_names.sheet) as sheet,
        coalesce(standing_links.row_number, latest_names.row_number) as row_number,
        latest_names.received_on,
        case
            when standing_links.project_id is not null then null
            when firms.firm_count > 1 then 'ambiguous'
            when firms.firm_count is null then 'firm_unknown'
            else 'no_candidate'
        end as unlinked_reason,
        coalesce(firms.firm_count, 0) as candidate_count
    from latest_names
    left join standing_links
        on
            latest_names.district_code = standing_links.district_code
            and latest_names.power_account_no = standing_links.power_account_no
    left join firms
        on
            latest_names.district_code = firms.district_code
            and latest_names.company_key = firms.company_key

)

select
    district_code,
    power_account_no,
    company_name,
    project_id,
    match_method,
    confidence,
    decided_by,
    valid_from,
    file_sha256,
    sheet,
    row_number,
    received_on,
    unlinked_reason,
    candidate_count
from final
