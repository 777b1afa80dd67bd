-- Rows that cite a doubtful code which stands in no register of its own, or hold a word that its
-- column does not list (checks.md R39, sources.md section 4). A code that stands in its register is
-- judged there.

{# Source, what its rows are about (a row of the ledger, a project code, a firm, or nobody that is
   known), the day of a row, and the columns that cite a code or hold a listed word. #}
{% set cited_columns = [
    ("fai", "code", "stat_period", ["project_code", "uscc", "construction_stage"]),
    ("recognition", "row", "recognised_date", ["uscc", "result"]),
    ("completion", "row", "received_on", ["uscc", "is_newly_introduced"]),
    ("signing", "row", "received_on", ["uscc", "project_code"]),
    ("payment", "row", "paid_at", ["payer_uscc", "payee_uscc", "purpose"]),
    ("fdi", "row", "arrived_date", ["uscc"]),
    ("filing", "code", "filing_date", ["uscc"]),
    ("permit", "code", "construction_permit_date", ["uscc"]),
    (
        "expansion", "firm", "received_on",
        ["uscc", "project_code", "expansion_driver", "expansion_status"],
    ),
    ("sales", "firm", "stat_period", ["uscc", "tax_filing_kind"]),
    ("output", "firm", "stat_period", ["uscc", "submission_kind"]),
    ("social", "firm", "stat_period", ["uscc"]),
    ("tax", "firm", "stat_period", ["uscc", "budget_level"]),
    ("above_scale", "firm", "received_on", ["uscc", "above_scale_kind"]),
    ("submission_log", "firm", "stat_period", ["uscc", "submission_kind"]),
    ("power", none, "stat_period", ["power_category"]),
    ("milestone", "row", "received_on", ["milestone_status"]),
    ("land_reserve", none, "received_on", ["project_code", "reserve_stage"]),
    ("scenario", none, "received_on", ["project_code", "opportunity_kind", "opportunity_status"]),
    ("supervision", "row", "issue_date", ["case_kind"]),
] %}
{% set no = "cast(null as varchar) as " %}
{% set key = project_code_key("cited.project_code") %}

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

    {% for source_name, subject, day, columns in cited_columns %}
        select
            cited.district_code,
            '{{ source_name }}' as source,
            {{ "cited.signing_row_no" if subject == "row" else no ~ "signing_row_no" }},
            {{ (key ~ " as " if subject == "code" else no) ~ "project_code" }},
            {{ "cited.uscc" if subject == "firm" else no ~ "uscc" }},
            cited.file_sha256,
            cast(cited.{{ day }} as date) as told_on,
            {{ code_faults(source_name, 'cited', columns) }} as faults
        from {{ ref('int_' ~ source_name ~ '__current') }} as cited
        where len(cited.marks) > 0
        {% if not loop.last %}
            union all
        {% endif %}
    {% endfor %}

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
