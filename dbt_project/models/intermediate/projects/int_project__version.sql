with

signings as (

    select
        district_code,
        signing_row_no,
        project_name,
        company_name,
        uscc,
        reporting_unit,
        investor,
        investor_origin,
        capital_kind,
        lead_channel,
        introducer,
        signing_event,
        chain,
        industry_code,
        signed_investment,
        fixed_asset_investment,
        land_area,
        involves_land,
        leased_floor_area,
        expected_sales,
        expected_tax,
        is_capacity_expansion,
        expansion_driver,
        signing_date,
        signing_stat_date,
        filing_date,
        current_stage,
        file_sha256,
        sheet,
        row_number,
        valid_from,
        valid_to
    from {{ ref('int_signing__history') }}

),

filings as (

    select
        district_code,
        {{ project_code_key("project_code") }} as project_code,
        project_name,
        company_name,
        uscc,
        filing_date,
        division_code,
        industry_code,
        planned_investment,
        parcel_no,
        approval_path,
        commitment_date,
        is_withdrawn,
        valid_from,
        valid_to
    from {{ ref('int_filing__history') }}

),

code_links as (

    select
        district_code,
        project_code,
        project_id,
        signing_row_no,
        valid_from
    from {{ ref('int_match__project_code') }}

),

named_codes as (

    select
        district_code,
        record_key as project_code,
        source,
        uscc,
        company_name,
        project_name,
        received_on,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_match__record') }}
    where record_kind = 'project_code'

),

firm_names as (

    select
        district_code,
        company_key,
        uscc
    from {{ ref('int_firm_name') }}
    where firm_count = 1

),

land_links as (

    select
        district_code,
        project_id,
        land_supervision_no,
        received_on
    from {{ ref('int_match__land') }}
    where project_id is not null

),

lands as (

    select
        district_code,
        land_supervision_no,
        division_name,
        received_on
    from {{ ref('int_land__current') }}

),

towns as (

    select
        code9,
        name
    from {{ ref('division_town') }}

),

counties as (

    select
        code,
        name
    from {{ ref('division_county') }}

),

industries as (

    select
        code,
        section_code
    from {{ ref('gbt4754') }}

),

size_bands as (

    select
        size_band,
        lower_bound,
        upper_bound
    from {{ ref('size_band') }}
    where effective_from <= {{ as_of() }}

),

-- A project is a signing row, or a project code without one (metrics.md).
projects as (

    select distinct
        district_code || '-' || signing_row_no as project_id,
        district_code,
        signing_row_no,
        cast(null as varchar) as project_code
    from signings

    union distinct

    -- Several codes are one project where a person merged them; it bears the code that stays.
    select
        project_id,
        district_code,
        signing_row_no,
        substr(project_id, length(district_code) + 2) as project_code
    from code_links
    where signing_row_no is null

),

-- The days on which something that a version shows may have changed.
change_days as (

    select
        district_code || '-' || signing_row_no as project_id,
        valid_from as changed_on
    from signings

    union distinct

    select
        district_code || '-' || signing_row_no as project_id,
        valid_to as changed_on
    from signings
    where valid_to is not null

    union distinct

    select
        code_links.project_id,
        filings.valid_from as changed_on
    from filings
    inner join code_links
        on
            filings.district_code = code_links.district_code
            and filings.project_code = code_links.project_code

    union distinct

    select
        code_links.project_id,
        code_links.valid_from as changed_on
    from code_links
    where signing_row_no is null

    union distinct

    select
        project_id,
        received_on as changed_on
    from land_links

),

-- A ledger project begins with its first ledger row, whatever was filed before.
beginnings as (

    select
        district_code || '-' || signing_row_no as project_id,
        min(valid_from) as begins_on
    from signings
    group by district_code, signing_row_no

),

points as (

    select
        projects.project_id,
        projects.district_code,
        projects.signing_row_no,
        projects.project_code,
        change_days.changed_on
    from projects
    inner join change_days on projects.project_id = change_days.project_id
    left join beginnings on projects.project_id = beginnings.project_id
    where beginnings.begins_on is null or change_days.changed_on >= beginnings.begins_on

),

-- All filings of the project as they stood on that day. The first filing counts, a standing one
-- before a withdrawn one; the planned amount adds up the standing codes (phases), or the withdrawn
-- where none stands.
filed as (

    select
        points.project_id,
        points.changed_on,
        filings.project_code,
        filings.project_name,
        filings.company_name,
        filings.uscc,
        filings.filing_date,
        filings.division_code,
        filings.industry_code,
        filings.parcel_no,
        filings.approval_path,
        filings.commitment_date,
        row_number() over first_filing as filing_no,
        case
            when
                filings.is_withdrawn
                and not bool_and(filings.is_withdrawn) over (
                    partition by points.project_id, points.changed_on
                )
                then null
            else filings.planned_investment
        end as planned_investment
    from points
    inner join code_links on points.project_id = code_links.project_id
    inner join filings
        on
            code_links.district_code = filings.district_code
            and code_links.project_code = filings.project_code
            and points.changed_on >= filings.valid_from
            and points.changed_on < coalesce(filings.valid_to, date '9999-12-31')
    window first_filing as (
        partition by points.project_id, points.changed_on
        order by filings.is_withdrawn, filings.filing_date nulls last, filings.project_code
    )

),

filed_projects as (

    select
        project_id,
        changed_on,
        max(case when filing_no = 1 then project_code end) as project_code,
        max(case when filing_no = 1 then project_name end) as project_name,
        max(case when filing_no = 1 then company_name end) as company_name,
        max(case when filing_no = 1 then uscc end) as uscc,
        max(case when filing_no = 1 then filing_date end) as filing_date,
        max(case when filing_no = 1 then division_code end) as division_code,
        max(case when filing_no = 1 then industry_code end) as industry_code,
        max(case when filing_no = 1 then approval_path end) as approval_path,
        max(case when filing_no = 1 then commitment_date end) as commitment_date,
        sum(planned_investment) as planned_investment,
        bool_or(parcel_no is not null) as names_parcel
    from filed
    group by project_id, changed_on

),

parcels as (

    select
        points.project_id,
        points.changed_on,
        arg_min(
            lands.division_name, (lands.received_on, lands.land_supervision_no)
        ) as division_name
    from points
    inner join land_links
        on
            points.project_id = land_links.project_id
            and points.changed_on >= land_links.received_on
    inner join lands
        on
            land_links.district_code = lands.district_code
            and land_links.land_supervision_no = lands.land_supervision_no
    group by points.project_id, points.changed_on

),

shown_codes as (

    select
        district_code,
        signing_row_no,
        arg_min(project_code, (valid_from, project_code)) as project_code
    from {{ ref('int_signing__code') }}
    where is_last_shown
    group by district_code, signing_row_no

),

described as (

    select
        points.project_id,
        points.changed_on,
        points.district_code,
        points.signing_row_no,
        coalesce(
            filed_projects.project_code, points.project_code, shown_codes.project_code
        ) as project_code,
        -- A ledger row often names the firm before it knows its code.
        coalesce(signings.uscc, filed_projects.uscc, named_codes.uscc, firm_names.uscc) as uscc,
        coalesce(signings.company_name, filed_projects.company_name, named_codes.company_name)
            as company_name,
        coalesce(signings.project_name, filed_projects.project_name, named_codes.project_name)
            as project_name,
        signings.reporting_unit,
        coalesce(
            towns.name, counties.name, nullif(trim(parcels.division_name), ''), '未知'
        ) as town,
        coalesce(signings.industry_code, filed_projects.industry_code) as industry_code,
        {{ industry_key("coalesce(signings.industry_code, filed_projects.industry_code)") }}
            as industry_key,
        signings.chain,
        signings.capital_kind,
        coalesce(signings.is_capacity_expansion, false) as is_expansion,
        signings.expansion_driver,
        signings.lead_channel,
        signings.introducer,
        signings.signing_event,
        signings.investor,
        signings.investor_origin,
        signings.signed_investment,
        filed_projects.planned_investment,
        signings.signing_date,
        signings.signing_stat_date,
        signings.filing_date as register_filing_date,
        signings.current_stage as register_current_stage,
        filed_projects.filing_date,
        points.signing_row_no is not null as is_in_ledger,
        signings.involves_land,
        signings.leased_floor_area,
        parcels.project_id is not null
        or coalesce(filed_projects.names_parcel, false) as has_parcel,
        signings.expected_sales,
        signings.expected_tax,
        filed_projects.approval_path,
        filed_projects.commitment_date,
        case when signings.valid_to <= points.changed_on then signings.valid_to end as withdrawn_on,
        case when points.signing_row_no is not null then 'signing' else named_codes.source end
            as source,
        coalesce(signings.file_sha256, named_codes.file_sha256) as file_sha256,
        coalesce(signings.sheet, named_codes.sheet) as sheet,
        coalesce(signings.row_number, named_codes.row_number) as row_number
    from points
    left join signings
        on
            points.district_code = signings.district_code
            and points.signing_row_no = signings.signing_row_no
            and points.changed_on >= signings.valid_from
    left join firm_names
        on
            points.district_code = firm_names.district_code
            and {{ company_key("signings.company_name") }} = firm_names.company_key
    left join filed_projects
        on
            points.project_id = filed_projects.project_id
            and points.changed_on = filed_projects.changed_on
    left join parcels
        on
            points.project_id = parcels.project_id
            and points.changed_on = parcels.changed_on
    left join named_codes
        on
            points.district_code = named_codes.district_code
            and points.project_code = named_codes.project_code
    left join shown_codes
        on
            points.district_code = shown_codes.district_code
            and points.signing_row_no = shown_codes.signing_row_no
    left join towns on left(filed_projects.division_code, 9) = towns.code9
    left join counties on filed_projects.division_code = counties.code
    qualify row_number() over (
        partition by points.project_id, points.changed_on
        order by signings.valid_from desc
    ) = 1

),

classified as (

    select
        described.project_id,
        described.changed_on,
        struct_pack(
            district_code := described.district_code,
            signing_row_no := described.signing_row_no,
            project_code := described.project_code,
            uscc := described.uscc,
            company_name := described.company_name,
            project_name := described.project_name,
            reporting_unit := described.reporting_unit,
            town := described.town,
            industry_code := described.industry_code,
            industry_section := coalesce(
                industries.section_code,
                industry_groups.section_code,
                industry_divisions.section_code
            ),
            chain := described.chain,
            size_band := size_bands.size_band,
            capital_kind := described.capital_kind,
            project_kind := case when described.is_expansion then '增资扩产' else '新建' end,
            expansion_driver := described.expansion_driver,
            lead_channel := described.lead_channel,
            introducer := described.introducer,
            signing_event := described.signing_event,
            investor := described.investor,
            investor_origin := described.investor_origin,
            signed_investment := described.signed_investment,
            planned_investment := described.planned_investment,
            signing_date := described.signing_date,
            signing_stat_date := described.signing_stat_date,
            register_filing_date := described.register_filing_date,
            register_current_stage := described.register_current_stage,
            filing_date := described.filing_date,
            is_in_ledger := described.is_in_ledger,
            -- Leased = 是否涉及建设用地 否, or a leased plant with no linked parcel (metrics.md).
            is_leased := coalesce(not described.involves_land, false)
            or (coalesce(described.leased_floor_area, 0) > 0 and not described.has_parcel),
            involves_land := described.involves_land,
            has_parcel := described.has_parcel,
            is_expansion := described.is_expansion,
            expected_sales := described.expected_sales,
            expected_tax := described.expected_tax,
            approval_path := described.approval_path,
            commitment_date := described.commitment_date,
            withdrawn_on := described.withdrawn_on
        ) as state,
        described.source,
        described.file_sha256,
        described.sheet,
        described.row_number
    from described
    left join industries on described.industry_key = industries.code
    -- A class that the list does not have still has a group and a division (domain.md section 2).
    left join
        industries as industry_groups
        on left(described.industry_key, 3) = industry_groups.code
    left join industries as industry_divisions
        on left(described.industry_key, 2) = industry_divisions.code
    left join size_bands
        on
            described.signed_investment >= size_bands.lower_bound
            and described.signed_investment < coalesce(size_bands.upper_bound, 1e12)

),

compared as (

    select
        project_id,
        changed_on,
        state,
        source,
        file_sha256,
        sheet,
        row_number,
        (
            lag(state) over (partition by project_id order by changed_on) is distinct from state
        ) as is_new_version
    from classified

),

versions as (

    select
        project_id,
        changed_on as valid_from,
        lead(changed_on) over (partition by project_id order by changed_on) as valid_to,
        cast(row_number() over (partition by project_id order by changed_on) as integer)
            as version_no,
        state,
        source,
        file_sha256,
        sheet,
        row_number
    from compared
    where is_new_version

),

final as (

    select
        project_id,
        version_no,
        valid_from,
        valid_to,
        state.district_code,
        state.signing_row_no,
        state.project_code,
        state.uscc,
        state.company_name,
        state.project_name,
        state.reporting_unit,
        state.town,
        state.industry_code,
        state.industry_section,
        state.chain,
        state.size_band,
        state.capital_kind,
        state.project_kind,
        state.expansion_driver,
        state.lead_channel,
        state.introducer,
        state.signing_event,
        state.investor,
        state.investor_origin,
        cast(state.signed_investment as decimal(20, 4)) as signed_investment,
        cast(state.planned_investment as decimal(20, 4)) as planned_investment,
        state.signing_date,
        state.signing_stat_date,
        state.register_filing_date,
        state.register_current_stage,
        state.filing_date,
        state.is_in_ledger,
        state.is_leased,
        state.involves_land,
        state.has_parcel,
        state.is_expansion,
        cast(state.expected_sales as decimal(20, 4)) as expected_sales,
        cast(state.expected_tax as decimal(20, 4)) as expected_tax,
        state.approval_path,
        state.commitment_date,
        state.withdrawn_on,
        source,
        file_sha256,
        sheet,
        row_number
    from versions

)

select
    project_id,
    version_no,
    valid_from,
    valid_to,
    district_code,
    signing_row_no,
    project_code,
    uscc,
    company_name,
    project_name,
    reporting_unit,
    town,
    industry_code,
    industry_section,
    chain,
    size_band,
    capital_kind,
    project_kind,
    expansion_driver,
    lead_channel,
    introducer,
    signing_event,
    investor,
    investor_origin,
    signed_investment,
    planned_investment,
    signing_date,
    signing_stat_date,
    register_filing_date,
    register_current_stage,
    filing_date,
    is_in_ledger,
    is_leased,
    involves_land,
    has_parcel,
    is_expansion,
    expected_sales,
    expected_tax,
    approval_path,
    commitment_date,
    withdrawn_on,
    source,
    file_sha256,
    sheet,
    row_number
from final
