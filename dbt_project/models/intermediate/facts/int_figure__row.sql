{%- set fields = [
    "source", "link_kind", "district_code", "record_key", "link_key", "uscc", "company_key",
    "reporting_unit", "event_on", "submission_kind", "revision_reason", "is_withdrawn",
    "valid_from", "valid_to", "file_sha256", "sheet", "row_number", "row_count", "figures",
] -%}
{%- set carried = fields | reject("in", ["link_kind", "link_key", "company_key"]) | list -%}
{%- set sources = contract_sources() | reject("equalto", "submission_log") | list -%}
with
{% for source_name in sources %}
    {{ source_name }}_rows as (

        {{ figure_rows(source_name) | indent(4) }}

    ),
{% endfor %}
stated as (
    {% for source_name in sources %}
        select
            {{ column_list(fields) }}
        from {{ source_name }}_rows
        {% if not loop.last %}
            union all
        {% endif %}
    {%- endfor %}
),

-- A register row that is gone was withdrawn on the received day of the first delivery without it.
delivery_files as (

    select
        source,
        district_code,
        received_on,
        arg_min(file_sha256, (file_name, file_sha256)) as file_sha256
    from {{ ref('stg_delivery_scope') }}
    group by source, district_code, received_on

),

sequenced as (

    select
        {{ column_list(fields, indent=8) }},
        lead(valid_from) over (
            partition by source, district_code, record_key order by valid_from
        ) as next_valid_from
    from stated

),

gone as (

    select
        sequenced.source,
        sequenced.link_kind,
        sequenced.district_code,
        sequenced.record_key,
        sequenced.link_key,
        sequenced.uscc,
        sequenced.company_key,
        sequenced.reporting_unit,
        sequenced.event_on,
        cast(null as varchar) as submission_kind,
        cast(null as varchar) as revision_reason,
        true as is_withdrawn,
        sequenced.valid_to as valid_from,
        sequenced.next_valid_from as valid_to,
        delivery_files.file_sha256,
        cast(null as varchar) as sheet,
        cast(null as bigint) as row_number,
        sequenced.row_count,
        sequenced.figures
    from sequenced
    left join delivery_files
        on
            sequenced.source = delivery_files.source
            and sequenced.district_code = delivery_files.district_code
            and sequenced.valid_to = delivery_files.received_on
    where
        sequenced.valid_to is not null
        and sequenced.valid_to is distinct from sequenced.next_valid_from
        and sequenced.source <> 'tax'

),

seamless as (

    select
        {{ column_list(fields, indent=8) }}
    from stated

    union all

    select
        {{ column_list(fields, indent=8) }}
    from gone

),

code_links as (

    select
        'project_code' as link_kind,
        district_code,
        project_code as link_key,
        project_id
    from {{ ref('int_match__project_code') }}

),

signing_links as (

    select
        'signing_row_no' as link_kind,
        district_code,
        signing_row_no as link_key,
        project_id
    from {{ ref('int_project') }}
    where signing_row_no is not null

),

permit_links as (

    select
        'construction_permit_no' as link_kind,
        district_code,
        {{ text_key("construction_permit_no") }} as link_key,
        min(project_id) as project_id
    from {{ ref('int_match__permit') }}
    where project_id is not null
    group by district_code, link_key
    having count(distinct project_id) = 1

),

land_links as (

    select
        'land_supervision_no' as link_kind,
        district_code,
        land_supervision_no as link_key,
        min(project_id) as project_id
    from {{ ref('int_match__land') }}
    where project_id is not null
    group by district_code, land_supervision_no
    having count(distinct project_id) = 1

),

project_links as (

    select
        link_kind,
        district_code,
        link_key,
        project_id
    from code_links

    union all

    select
        link_kind,
        district_code,
        link_key,
        project_id
    from signing_links

    union all

    select
        link_kind,
        district_code,
        link_key,
        project_id
    from permit_links

    union all

    select
        link_kind,
        district_code,
        link_key,
        project_id
    from land_links

),

firm_projects as (

    select
        district_code,
        uscc,
        project_id
    from {{ ref('int_firm__project') }}

),

firm_names as (

    select
        district_code,
        company_key,
        uscc
    from {{ ref('int_firm_name') }}
    where firm_count = 1

),

enterprises as (

    select
        district_code,
        uscc,
        organisation_code,
        reporting_unit
    from {{ ref('int_enterprise') }}

),

-- A legacy 15-digit tax id names the firm of its organisation code, where there is one such firm.
organisations as (

    select
        district_code,
        organisation_code,
        min(uscc) as uscc
    from enterprises
    where organisation_code is not null
    group by district_code, organisation_code
    having count(*) = 1

),

projects as (

    select
        project_id,
        uscc,
        reporting_unit
    from {{ ref('int_project') }}

),

named as (

    select
        {{ column_list(carried, "seamless", indent=8) }},
        case
            when length(seamless.uscc) = 15 then organisations.uscc
            else coalesce(seamless.uscc, firm_names.uscc)
        end as firm_uscc,
        project_links.project_id as linked_project_id
    from seamless
    left join organisations
        on
            length(seamless.uscc) = 15
            and seamless.district_code = organisations.district_code
            and right(seamless.uscc, 9) = organisations.organisation_code
    left join firm_names
        on
            seamless.district_code = firm_names.district_code
            and seamless.company_key = firm_names.company_key
    left join project_links
        on
            seamless.link_kind = project_links.link_kind
            and seamless.district_code = project_links.district_code
            and seamless.link_key = project_links.link_key

),

final as (

    select
        named.source,
        named.district_code,
        named.record_key,
        coalesce(named.linked_project_id, firm_projects.project_id) as project_id,
        coalesce(named.firm_uscc, projects.uscc) as uscc,
        -- The board of the row itself, else of its project, else of its firm, as now known.
        coalesce(
            named.reporting_unit, projects.reporting_unit, enterprises.reporting_unit, '未知'
        ) as reporting_unit,
        named.event_on,
        named.submission_kind,
        named.revision_reason,
        named.is_withdrawn,
        named.valid_from,
        named.valid_to,
        named.file_sha256,
        named.sheet,
        named.row_number,
        named.row_count,
        named.figures
    from named
    left join firm_projects
        on
            named.linked_project_id is null
            and named.district_code = firm_projects.district_code
            and named.firm_uscc = firm_projects.uscc
    left join projects
        on coalesce(named.linked_project_id, firm_projects.project_id) = projects.project_id
    left join enterprises
        on
            named.district_code = enterprises.district_code
            and coalesce(named.firm_uscc, projects.uscc) = enterprises.uscc

)

select
    source,
    district_code,
    record_key,
    project_id,
    uscc,
    reporting_unit,
    event_on,
    submission_kind,
    revision_reason,
    is_withdrawn,
    valid_from,
    valid_to,
    file_sha256,
    sheet,
    row_number,
    row_count,
    figures
from final
