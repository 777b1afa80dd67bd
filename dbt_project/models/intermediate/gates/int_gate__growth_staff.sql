-- The staff of a project: what the firm has insured in the last month against what was reported at
-- a recognition, else in the project list.

with

projects as (

    select
        project_id,
        district_code,
        signing_row_no,
        uscc
    from {{ ref('int_project') }}

),

insured_months as (

    select
        district_code,
        uscc,
        stat_period,
        insured_headcount,
        file_sha256,
        sheet,
        row_number
    from {{ ref('fct_insured_month') }}

),

recognitions as (

    select
        district_code,
        signing_row_no,
        recognition_kind,
        recognised_date,
        headcount
    from {{ ref('int_recognition__current') }}
    where
        result = '通过'
        and headcount is not null
        and recognised_date <= {{ as_of() }}
        and coalesce(withdrawn_on > {{ as_of() }}, true)

),

completions as (

    select
        district_code,
        signing_row_no,
        headcount
    from {{ ref('int_completion__current') }}

),

latest_insured as (

    select
        district_code,
        uscc,
        stat_period,
        insured_headcount
    from insured_months
    qualify row_number() over (
        partition by district_code, uscc
        order by stat_period desc, file_sha256 asc, sheet asc, row_number asc
    ) = 1

),

latest_recognitions as (

    select
        district_code,
        signing_row_no,
        headcount
    from recognitions
    qualify row_number() over (
        partition by district_code, signing_row_no
        order by recognised_date desc, recognition_kind asc
    ) = 1

),

final as (

    select
        projects.project_id,
        latest_insured.stat_period as insured_month,
        cast(latest_insured.insured_headcount as decimal(20, 4)) as insured_headcount,
        cast(
            coalesce(latest_recognitions.headcount, completions.headcount) as decimal(20, 4)
        ) as planned_headcount
    from projects
    left join latest_insured
        on
            projects.district_code = latest_insured.district_code
            and projects.uscc = latest_insured.uscc
    left join latest_recognitions
        on
            projects.district_code = latest_recognitions.district_code
            and projects.signing_row_no = latest_recognitions.signing_row_no
    left join completions
        on
            projects.district_code = completions.district_code
            and projects.signing_row_no = completions.signing_row_no

)

select
    project_id,
    insured_month,
    insured_headcount,
    planned_headcount
from final
