-- One row a firm as the checks see it: its trade, its board and its first recognised production.
-- The board is that of the register, else of its last output report, else of its last project.

with

firms as (

    select
        district_code,
        uscc,
        company_name,
        reporting_unit,
        company_registered_date as registered_on,
        {{ industry_key("industry_code") }} as industry_code,
        is_in_register
    from {{ ref('int_enterprise') }}

),

reports as (

    select
        district_code,
        uscc,
        arg_max(reporting_unit, stat_period) filter (
            where reporting_unit is not null
        ) as reporting_unit
    from {{ ref('fct_output_month') }}
    group by district_code, uscc

),

projects as (

    select
        district_code,
        uscc,
        arg_max(reporting_unit, (coalesce(signing_date, date '1990-01-01'), project_id)) filter (
            where reporting_unit is not null
        ) as reporting_unit
    from {{ ref('int_check__project') }}
    where uscc is not null
    group by district_code, uscc

),

recognitions as (

    select
        recognition.district_code,
        coalesce(recognition.uscc, ledger.uscc) as uscc,
        recognition.actual_date,
        recognition.recognised_date,
        {{ evidence_cell('recognition', 'recognition', 'actual_date') }} as produced_cell,
        {{ evidence_cell('recognition', 'recognition', 'recognised_date') }} as recognised_cell
    from {{ ref('int_recognition__current') }} as recognition
    left join {{ ref('int_check__project') }} as ledger
        on
            recognition.district_code = ledger.district_code
            and recognition.signing_row_no = ledger.signing_row_no
    where
        recognition.recognition_kind = '投产'
        and recognition.result = '通过'
        and recognition.recognised_date <= {{ as_of() }}

),

-- The first production that stands as recognised.
produced as (

    select
        district_code,
        uscc,
        min(actual_date) as produced_on,
        min(recognised_date) as recognised_on,
        arg_min(produced_cell, (actual_date, recognised_date, produced_cell)) as produced_cell,
        arg_min(recognised_cell, (recognised_date, recognised_cell)) as recognised_cell
    from recognitions
    where uscc is not null
    group by district_code, uscc

),

industries as (

    select
        code,
        section_code
    from {{ ref('gbt4754') }}

),

final as (

    select
        firms.district_code,
        firms.uscc,
        firms.company_name,
        coalesce(firms.reporting_unit, reports.reporting_unit, projects.reporting_unit)
            as reporting_unit,
        firms.registered_on,
        firms.is_in_register,
        firms.industry_code,
        case
            when regexp_matches(firms.industry_code, '^\d{2}') then left(firms.industry_code, 2)
        end as industry_division,
        industries.section_code as industry_section,
        produced.produced_on,
        produced.recognised_on,
        produced.produced_cell,
        produced.recognised_cell
    from firms
    left join reports
        on firms.district_code = reports.district_code and firms.uscc = reports.uscc
    left join projects
        on firms.district_code = projects.district_code and firms.uscc = projects.uscc
    left join produced
        on firms.district_code = produced.district_code and firms.uscc = produced.uscc
    left join industries on firms.industry_code = industries.code

)

select
    district_code,
    uscc,
    company_name,
    reporting_unit,
    registered_on,
    is_in_register,
    industry_code,
    industry_division,
    industry_section,
    produced_on,
    recognised_on,
    produced_cell,
    recognised_cell
from final
