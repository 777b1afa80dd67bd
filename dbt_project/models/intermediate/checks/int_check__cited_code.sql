-- Rows that cite a doubtful code which stands in no register of its own, or hold a word that its
-- column does not list (checks.md R39, sources.md section 4). A code that stands in its register is
-- judged there.

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

links as (

    select
        district_code,
        project_code,
        project_id
    from {{ ref('int_match__project_code') }}
    where project_id is not null

),

issued_codes as (

    select
        district_code,
        {{ project_code_key("project_code") }} as code
    from {{ ref('int_filing__current') }}

    union

    select
        district_code,
        uscc as code
    from {{ ref('int_enterprise__current') }}

),

cited_rows as (

    select
        cited.district_code,
        'fai' as source,
        cast(null as varchar) as signing_row_no,
        {{ project_code_key("cited.project_code") }} as project_code,
        cast(null as varchar) as uscc,
        cited.file_sha256,
        cast(cited.stat_period as date) as told_on,
        {{ code_faults('fai', 'cited', ['project_code', 'uscc', 'construction_stage']) }} as faults
    from {{ ref('int_fai__current') }} as cited
    where len(cited.marks) > 0

    union all

    select
        cited.district_code,
        'recognition' as source,
        cited.signing_row_no,
        cast(null as varchar) as project_code,
        cast(null as varchar) as uscc,
        cited.file_sha256,
        cast(cited.recognised_date as date) as told_on,
        {{ code_faults('recognition', 'cited', ['uscc', 'result']) }} as faults
    from {{ ref('int_recognition__current') }} as cited
    where len(cited.marks) > 0

    union all

    select
        cited.district_code,
        'completion' as source,
        cited.signing_row_no,
        cast(null as varchar) as project_code,
        cast(null as varchar) as uscc,
        cited.file_sha256,
        cast(cited.received_on as date) as told_on,
        {{ code_faults('completion', 'cited', ['uscc', 'is_newly_introduced']) }} as faults
    from {{ ref('int_completion__current') }} as cited
    where len(cited.marks) > 0

    union all

    select
        cited.district_code,
        'signing' as source,
        cited.signing_row_no,
        cast(null as varchar) as project_code,
        cast(null as varchar) as uscc,
        cited.file_sha256,
        cast(cited.received_on as date) as told_on,
        {{ code_faults('signing', 'cited', ['uscc', 'project_code']) }} as faults
    from {{ ref('int_signing__current') }} as cited
    where len(cited.marks) > 0

    union all

    select
        cited.district_code,
        'payment' as source,
        cited.signing_row_no,
        cast(null as varchar) as project_code,
        cast(null as varchar) as uscc,
        cited.file_sha256,
        cast(cited.paid_at as date) as told_on,
        {{ code_faults('payment', 'cited', ['payer_uscc', 'payee_uscc', 'purpose']) }} as faults
    from {{ ref('int_payment__current') }} as cited
    where len(cited.marks) > 0

    union all

    select
        cited.district_code,
        'fdi' as source,
        cited.signing_row_no,
        cast(null as varchar) as project_code,
        cast(null as varchar) as uscc,
        cited.file_sha256,
        cast(cited.arrived_date as date) as told_on,
        {{ code_faults('fdi', 'cited', ['uscc']) }} as faults
    from {{ ref('int_fdi__current') }} as cited
    where len(cited.marks) > 0

    union all

    select
        cited.district_code,
        'filing' as source,
        cast(null as varchar) as signing_row_no,
        {{ project_code_key("cited.project_code") }} as project_code,
        cast(null as varchar) as uscc,
        cited.file_sha256,
        cast(cited.filing_date as date) as told_on,
        {{ code_faults('filing', 'cited', ['uscc']) }} as faults
    from {{ ref('int_filing__current') }} as cited
    where len(cited.marks) > 0

    union all

    select
        cited.district_code,
        'permit' as source,
        cast(null as varchar) as signing_row_no,
        {{ project_code_key("cited.project_code") }} as project_code,
        cast(null as varchar) as uscc,
        cited.file_sha256,
        cast(cited.construction_permit_date as date) as told_on,
        {{ code_faults('permit', 'cited', ['uscc']) }} as faults
    from {{ ref('int_permit__current') }} as cited
    where len(cited.marks) > 0

    union all

    select
        cited.district_code,
        'expansion' as source,
        cast(null as varchar) as signing_row_no,
        cast(null as varchar) as project_code,
        cited.uscc,
        cited.file_sha256,
        cast(cited.received_on as date) as told_on,
        {{ code_faults('expansion', 'cited', [
            'uscc', 'project_code', 'expansion_driver', 'expansion_status',
        ]) }}
            as faults
    from {{ ref('int_expansion__current') }} as cited
    where len(cited.marks) > 0

    union all

    select
        cited.district_code,
        'sales' as source,
        cast(null as varchar) as signing_row_no,
        cast(null as varchar) as project_code,
        cited.uscc,
        cited.file_sha256,
        cast(cited.stat_period as date) as told_on,
        {{ code_faults('sales', 'cited', ['uscc', 'tax_filing_kind']) }} as faults
    from {{ ref('int_sales__current') }} as cited
    where len(cited.marks) > 0

    union all

    select
        cited.district_code,
        'output' as source,
        cast(null as varchar) as signing_row_no,
        cast(null as varchar) as project_code,
        cited.uscc,
        cited.file_sha256,
        cast(cited.stat_period as date) as told_on,
        {{ code_faults('output', 'cited', ['uscc', 'submission_kind']) }} as faults
    from {{ ref('int_output__current') }} as cited
    where len(cited.marks) > 0

    union all

    select
        cited.district_code,
        'social' as source,
        cast(null as varchar) as signing_row_no,
        cast(null as varchar) as project_code,
        cited.uscc,
        cited.file_sha256,
        cast(cited.stat_period as date) as told_on,
        {{ code_faults('social', 'cited', ['uscc']) }} as faults
    from {{ ref('int_social__current') }} as cited
    where len(cited.marks) > 0

    union all

    select
        cited.district_code,
        'tax' as source,
        cast(null as varchar) as signing_row_no,
        cast(null as varchar) as project_code,
        cited.uscc,
        cited.file_sha256,
        cast(cited.stat_period as date) as told_on,
        {{ code_faults('tax', 'cited', ['uscc', 'budget_level']) }} as faults
    from {{ ref('int_tax__current') }} as cited
    where len(cited.marks) > 0

    union all

    select
        cited.district_code,
        'above_scale' as source,
        cast(null as varchar) as signing_row_no,
        cast(null as varchar) as project_code,
        cited.uscc,
        cited.file_sha256,
        cast(cited.received_on as date) as told_on,
        {{ code_faults('above_scale', 'cited', ['uscc', 'above_scale_kind']) }} as faults
    from {{ ref('int_above_scale__current') }} as cited
    where len(cited.marks) > 0

    union all

    select
        cited.district_code,
        'submission_log' as source,
        cast(null as varchar) as signing_row_no,
        cast(null as varchar) as project_code,
        cited.uscc,
        cited.file_sha256,
        cast(cited.stat_period as date) as told_on,
        {{ code_faults('submission_log', 'cited', ['uscc', 'submission_kind']) }} as faults
    from {{ ref('int_submission_log__current') }} as cited
    where len(cited.marks) > 0

    union all

    select
        cited.district_code,
        'power' as source,
        cast(null as varchar) as signing_row_no,
        cast(null as varchar) as project_code,
        cast(null as varchar) as uscc,
        cited.file_sha256,
        cast(cited.stat_period as date) as told_on,
        {{ code_faults('power', 'cited', ['power_category']) }} as faults
    from {{ ref('int_power__current') }} as cited
    where len(cited.marks) > 0

    union all

    select
        cited.district_code,
        'milestone' as source,
        cited.signing_row_no,
        cast(null as varchar) as project_code,
        cast(null as varchar) as uscc,
        cited.file_sha256,
        cast(cited.received_on as date) as told_on,
        {{ code_faults('milestone', 'cited', ['milestone_status']) }} as faults
    from {{ ref('int_milestone__current') }} as cited
    where len(cited.marks) > 0

    union all

    select
        cited.district_code,
        'land_reserve' as source,
        cast(null as varchar) as signing_row_no,
        cast(null as varchar) as project_code,
        cast(null as varchar) as uscc,
        cited.file_sha256,
        cast(cited.received_on as date) as told_on,
        {{ code_faults('land_reserve', 'cited', ['project_code', 'reserve_stage']) }} as faults
    from {{ ref('int_land_reserve__current') }} as cited
    where len(cited.marks) > 0

    union all

    select
        cited.district_code,
        'scenario' as source,
        cast(null as varchar) as signing_row_no,
        cast(null as varchar) as project_code,
        cast(null as varchar) as uscc,
        cited.file_sha256,
        cast(cited.received_on as date) as told_on,
        {{ code_faults('scenario', 'cited', [
            'project_code', 'opportunity_kind', 'opportunity_status',
        ]) }}
            as faults
    from {{ ref('int_scenario__current') }} as cited
    where len(cited.marks) > 0

    union all

    select
        cited.district_code,
        'supervision' as source,
        cited.signing_row_no,
        cast(null as varchar) as project_code,
        cast(null as varchar) as uscc,
        cited.file_sha256,
        cast(cited.issue_date as date) as told_on,
        {{ code_faults('supervision', 'cited', ['case_kind']) }} as faults
    from {{ ref('int_supervision__current') }} as cited
    where len(cited.marks) > 0
),

faults as (

    select
        cited_rows.district_code,
        cited_rows.source,
        cited_rows.signing_row_no,
        cited_rows.project_code,
        cited_rows.uscc,
        cited_rows.file_sha256,
        cited_rows.told_on,
        unnest(cited_rows.faults) as fault
    from cited_rows

),

standing as (

    select
        faults.district_code,
        faults.source,
        coalesce(by_row.project_id, by_code.project_id) as project_id,
        faults.uscc,
        faults.file_sha256,
        faults.told_on,
        faults.fault
    from faults
    left join issued_codes
        on
            faults.district_code = issued_codes.district_code
            and struct_extract(faults.fault, 'cell').value = issued_codes.code
    left join projects as by_row
        on
            faults.district_code = by_row.district_code
            and faults.signing_row_no = by_row.signing_row_no
    left join links as by_code
        on
            faults.district_code = by_code.district_code
            and faults.project_code = by_code.project_code
    where issued_codes.code is null

),

final as (

    select
        standing.district_code,
        case
            when projects.project_id is not null then 'project'
            when standing.uscc is not null then 'enterprise'
            else 'file'
        end as entity_type,
        coalesce(projects.entity_id, standing.uscc, standing.file_sha256) as entity_id,
        projects.project_id,
        coalesce(standing.uscc, projects.uscc) as uscc,
        projects.reporting_unit,
        standing.told_on,
        standing.source,
        [standing.fault] as faults
    from standing
    left join projects on standing.project_id = projects.project_id

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
    faults
from final
