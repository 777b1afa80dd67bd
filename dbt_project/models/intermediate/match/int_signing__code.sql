{%- set one_code = '\\d{4}-?\\d{6}-?\\d{2}-?\\d{2}-?\\d{6}' -%}
with

versions as (

    select
        district_code,
        signing_row_no,
        project_code,
        valid_from,
        valid_to,
        file_sha256,
        sheet,
        row_number,
        lead(valid_from) over (
            partition by district_code, signing_row_no order by valid_from
        ) is null as is_last_version
    from {{ ref('int_signing__history') }}

),

-- Several codes may stand in one cell, separated by 、, a comma, a line break or nothing at all.
listed as (

    select
        district_code,
        signing_row_no,
        valid_from,
        valid_to,
        file_sha256,
        sheet,
        row_number,
        is_last_version,
        {{ project_code_key("project_code") }} as cell,
        regexp_extract_all({{ project_code_key("project_code") }}, '{{ one_code }}') as codes
    from versions
    where project_code is not null

),

single_codes as (

    select
        district_code,
        signing_row_no,
        valid_from,
        valid_to,
        file_sha256,
        sheet,
        row_number,
        is_last_version,
        unnest(case when len(codes) > 0 then list_distinct(codes) else [cell] end) as code
    from listed

),

shown as (

    select
        district_code,
        signing_row_no,
        {{ project_code_key("code") }} as project_code,
        valid_from,
        valid_to,
        file_sha256,
        sheet,
        row_number,
        is_last_version
    from single_codes
    where code is not null

),

compared as (

    select
        district_code,
        signing_row_no,
        project_code,
        valid_from,
        valid_to,
        file_sha256,
        sheet,
        row_number,
        is_last_version,
        (
            lag(valid_to) over (
                partition by district_code, signing_row_no, project_code order by valid_from
            ) is distinct from valid_from
        ) as is_shown_anew
    from shown

),

numbered as (

    select
        district_code,
        signing_row_no,
        project_code,
        valid_from,
        valid_to,
        file_sha256,
        sheet,
        row_number,
        is_last_version,
        sum(case when is_shown_anew then 1 else 0 end) over (
            partition by district_code, signing_row_no, project_code
            order by valid_from
            rows between unbounded preceding and current row
        ) as showing_no
    from compared

),

final as (

    select
        district_code,
        signing_row_no,
        project_code,
        min(valid_from) as valid_from,
        arg_max_null(valid_to, valid_from) as valid_to,
        bool_or(is_last_version) as is_last_shown,
        arg_min(file_sha256, valid_from) as file_sha256,
        arg_min(sheet, valid_from) as sheet,
        arg_min(row_number, valid_from) as row_number
    from numbered
    group by district_code, signing_row_no, project_code, showing_no

)

select
    district_code,
    signing_row_no,
    project_code,
    valid_from,
    valid_to,
    is_last_shown,
    file_sha256,
    sheet,
    row_number
from final
