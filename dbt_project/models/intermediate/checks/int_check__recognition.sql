-- One row a project and kind of recognition that was passed and stands, with whether its
-- application had been sent back, refused or revoked before.

with

projects as (

    select
        district_code,
        project_id,
        signing_row_no,
        uscc
    from {{ ref('int_check__project') }}
    where signing_row_no is not null

),

told as (

    select
        district_code,
        signing_row_no,
        recognition_kind,
        bool_or(result in ('退回', '不通过', '撤销')) as was_sent_back
    from {{ ref('stg_recognition') }}
    where recognised_date <= {{ as_of() }}
    group by district_code, signing_row_no, recognition_kind

),

passed as (

    select
        district_code,
        signing_row_no,
        recognition_kind,
        uscc,
        actual_date,
        recognised_date,
        {{ evidence_cell('recognition', 'recognition', 'actual_date') }} as actual_cell,
        {{ evidence_cell('recognition', 'recognition', 'recognised_date') }} as recognised_cell
    from {{ ref('int_recognition__current') }} as recognition
    where
        result = '通过'
        and recognised_date <= {{ as_of() }}
        and coalesce(withdrawn_on > {{ as_of() }}, true)

),

final as (

    select
        projects.district_code,
        projects.project_id,
        passed.recognition_kind,
        coalesce(passed.uscc, projects.uscc) as uscc,
        passed.actual_date as actual_on,
        passed.recognised_date as recognised_on,
        coalesce(told.was_sent_back, false) as was_sent_back,
        passed.actual_cell,
        passed.recognised_cell
    from passed
    inner join projects
        on
            passed.district_code = projects.district_code
            and passed.signing_row_no = projects.signing_row_no
    left join told
        on
            passed.district_code = told.district_code
            and passed.signing_row_no = told.signing_row_no
            and passed.recognition_kind = told.recognition_kind

)

select
    district_code,
    project_id,
    recognition_kind,
    uscc,
    actual_on,
    recognised_on,
    was_sent_back,
    actual_cell,
    recognised_cell
from final
