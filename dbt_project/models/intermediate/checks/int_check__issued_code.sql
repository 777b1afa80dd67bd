-- The rows that issue codes, each with what is doubtful in it (checks.md R39): the project code in
-- its filing, the permit and the parcel in their registers, the firm in the register of firms. A
-- code that others cite is judged where it was issued, and once.

with

projects as (

    select
        district_code,
        project_id,
        entity_id,
        signing_row_no,
        uscc,
        reporting_unit
    from {{ ref('int_check__project') }}

),

retired as (

    select division_code
    from {{ ref('dim_division') }}
    where status = 'retired'

),

firms as (

    select
        district_code,
        uscc,
        reporting_unit,
        valid_from,
        marks,
        industry_code,
        enterprise_status,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_enterprise__history') }}
    where valid_to is null

),

filings as (

    select
        filing.district_code,
        links.project_id,
        filing.file_sha256,
        filing.filing_date as told_on,
        'filing' as source,
        list_concat(
            {{ code_faults('filing', 'filing', [
                'project_code', 'industry_code', 'approval_kind', 'construction_nature',
                'industrial_policy_type', 'approval_path', 'submission_kind',
            ]) }},
            case
                when retired.division_code is not null
                    then [struct_pack(
                        column_name := 'project_code',
                        fault := 'project_code:retired_division',
                        cell := {{ evidence_cell('filing', 'filing', 'project_code') }}
                    )]
                else []
            end
        ) as faults,
        {{ codes_read('filing', ['project_code', 'industry_code']) }} as codes
    from {{ ref('int_filing__current') }} as filing
    left join {{ ref('int_match__project_code') }} as links
        on
            filing.district_code = links.district_code
            and {{ project_code_key("filing.project_code") }} = links.project_code
    left join retired on substr(filing.project_code, 6, 6) = retired.division_code
    where not filing.is_withdrawn

),

-- The number holds the day of issue, whenever the permit was told.
permits as (

    select
        permit.district_code,
        links.project_id,
        permit.file_sha256,
        permit.construction_permit_date as told_on,
        'permit' as source,
        list_concat(
            {{ code_faults('permit', 'permit', ['construction_permit_no', 'submission_kind']) }},
            case
                when
                    regexp_full_match(permit.construction_permit_no, '[0-9]{18}')
                    and permit.construction_permit_date_precision = 'day'
                    and substr(permit.construction_permit_no, 7, 8)
                    <> strftime(permit.construction_permit_date, '%Y%m%d')
                    then [
                        struct_pack(
                            column_name := 'construction_permit_no',
                            fault := 'construction_permit_no:other_date',
                            cell := {{ evidence_cell(
                                'permit', 'permit', 'construction_permit_no',
                            ) }}
                        ),
                        struct_pack(
                            column_name := 'construction_permit_date',
                            fault := 'construction_permit_date:other_date',
                            cell := {{ evidence_cell(
                                'permit', 'permit', 'construction_permit_date',
                            ) }}
                        ),
                    ]
                else []
            end
        ) as faults,
        {{ codes_read('permit', ['construction_permit_no']) }} as codes
    from {{ ref('int_permit__current') }} as permit
    left join {{ ref('int_match__permit') }} as links
        on
            permit.district_code = links.district_code
            and permit.construction_permit_no = links.construction_permit_no
            and permit.project_code is not distinct from links.project_code
    where not permit.is_withdrawn

),

lands as (

    select
        land.district_code,
        links.project_id,
        land.file_sha256,
        land.contract_sign_date as told_on,
        'land' as source,
        {{ code_faults('land', 'land', ['land_supervision_no', 'supply_mode']) }} as faults,
        {{ codes_read('land', ['land_supervision_no']) }} as codes
    from {{ ref('int_land__current') }} as land
    left join {{ ref('int_match__land') }} as links
        on
            land.district_code = links.district_code
            and land.land_supervision_no = links.land_supervision_no
            and land.company_name = links.company_name

),

signings as (

    select
        signing.district_code,
        projects.project_id,
        signing.file_sha256,
        coalesce(signing.signing_date, signing.received_on) as told_on,
        'signing' as source,
        {{ code_faults('signing', 'signing', [
            'industry_code', 'capital_kind', 'lead_channel', 'expansion_driver', 'current_stage',
        ]) }} as faults,
        {{ codes_read('signing', ['industry_code']) }} as codes
    from {{ ref('int_signing__current') }} as signing
    left join projects
        on
            signing.district_code = projects.district_code
            and signing.signing_row_no = projects.signing_row_no

),

project_rows as (

    {% for rows in ["filings", "permits", "lands", "signings"] %}
        select
            district_code,
            project_id,
            file_sha256,
            told_on,
            source,
            faults,
            codes
        from {{ rows }}
        {% if not loop.last %}
            union all
        {% endif %}
    {% endfor %}

),

-- A row that no project is known for is reported by its file.
final as (

    select
        project_rows.district_code,
        case when projects.project_id is null then 'file' else 'project' end as entity_type,
        coalesce(projects.entity_id, project_rows.file_sha256) as entity_id,
        projects.project_id,
        projects.uscc,
        projects.reporting_unit,
        project_rows.told_on,
        project_rows.source,
        project_rows.faults,
        project_rows.codes
    from project_rows
    left join projects on project_rows.project_id = projects.project_id

    union all by name

    select
        district_code,
        'enterprise' as entity_type,
        uscc as entity_id,
        uscc,
        reporting_unit,
        valid_from as told_on,
        'enterprise' as source,
        {{ code_faults('enterprise', 'firms', [
            'uscc', 'industry_code', 'enterprise_status',
        ]) }} as faults,
        {{ codes_read('firms', ['uscc', 'industry_code']) }} as codes
    from firms

)

select
    district_code,
    entity_type,
    entity_id,
    project_id,
    uscc,
    reporting_unit,
    told_on,
    source,
    faults,
    codes
from final
