with

projects as (

    select
        project_id,
        is_leased,
        withdrawn_on,
        source,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_project') }}

),

stages as (

    select
        project_id,
        stage_no,
        reading,
        event_date,
        complete_on,
        recognised_on,
        stands,
        withdrawn_on,
        source,
        file_sha256,
        sheet,
        row_number,
        withdrawn_file_sha256,
        withdrawn_sheet,
        withdrawn_row_number
    from {{ ref('int_stage__reached') }}

),

stage_numbers as (

    select unnest([1, 2, 3, 4, 5, 6]) as stage_no

),

reached as (

    select
        project_id,
        stage_no,
        reading,
        event_date,
        complete_on,
        recognised_on,
        source,
        file_sha256,
        sheet,
        row_number
    from stages
    where stands

),

-- A later stage without an earlier one: a row of the earlier stage, dated when a later one showed
-- the gap.
skipped as (

    select
        later.project_id,
        stage_numbers.stage_no,
        later.reading,
        later.event_date,
        later.complete_on,
        later.recognised_on,
        later.source,
        later.file_sha256,
        later.sheet,
        later.row_number
    from stage_numbers
    inner join reached as later on stage_numbers.stage_no < later.stage_no
    inner join projects on later.project_id = projects.project_id
    left join reached as own
        on
            later.project_id = own.project_id
            and later.reading = own.reading
            and stage_numbers.stage_no = own.stage_no
    where
        own.project_id is null
        -- A leased plant has no 竣工 to skip.
        and not (stage_numbers.stage_no = 4 and coalesce(projects.is_leased, false))
    qualify row_number() over (
        partition by later.project_id, later.reading, stage_numbers.stage_no
        order by later.event_date, later.stage_no
    ) = 1

),

with_earlier_stages as (

    select
        project_id,
        stage_no,
        reading,
        event_date,
        complete_on,
        recognised_on,
        source,
        file_sha256,
        sheet,
        row_number,
        max(event_date) over (
            partition by project_id, reading
            order by stage_no
            rows between unbounded preceding and 1 preceding
        ) as latest_earlier_date
    from reached

),

-- A negative duration: the stage is dated before one that it should follow.
regressed as (

    select
        project_id,
        stage_no,
        reading,
        event_date,
        complete_on,
        recognised_on,
        source,
        file_sha256,
        sheet,
        row_number
    from with_earlier_stages
    where event_date < latest_earlier_date

),

withdrawn_stages as (

    select
        project_id,
        stage_no,
        reading,
        withdrawn_on as event_date,
        withdrawn_on as complete_on,
        recognised_on,
        source,
        withdrawn_file_sha256 as file_sha256,
        withdrawn_sheet as sheet,
        withdrawn_row_number as row_number
    from stages
    where not stands

),

readings as (

    select unnest(['claimed', 'evidenced']) as reading

),

-- Gone from the ledger: a row of stage 1, with the last row in which the project stood.
withdrawn_projects as (

    select
        projects.project_id,
        1 as stage_no,
        readings.reading,
        projects.withdrawn_on as event_date,
        projects.withdrawn_on as complete_on,
        cast(null as date) as recognised_on,
        projects.source,
        projects.file_sha256,
        projects.sheet,
        projects.row_number
    from projects
    cross join readings
    where projects.withdrawn_on <= {{ as_of() }}

),

events as (

    select
        project_id,
        stage_no,
        reading,
        'reached' as event_kind,
        event_date,
        complete_on,
        recognised_on,
        source,
        file_sha256,
        sheet,
        row_number
    from reached

    union all

    select
        project_id,
        stage_no,
        reading,
        'skipped' as event_kind,
        event_date,
        complete_on,
        recognised_on,
        source,
        file_sha256,
        sheet,
        row_number
    from skipped

    union all

    select
        project_id,
        stage_no,
        reading,
        'regressed' as event_kind,
        event_date,
        complete_on,
        recognised_on,
        source,
        file_sha256,
        sheet,
        row_number
    from regressed

    union all

    select
        project_id,
        stage_no,
        reading,
        'withdrawn' as event_kind,
        event_date,
        complete_on,
        recognised_on,
        source,
        file_sha256,
        sheet,
        row_number
    from withdrawn_stages

    union all

    select
        project_id,
        stage_no,
        reading,
        'withdrawn' as event_kind,
        event_date,
        complete_on,
        recognised_on,
        source,
        file_sha256,
        sheet,
        row_number
    from withdrawn_projects

),

final as (

    select
        project_id,
        cast(stage_no as integer) as stage_no,
        reading,
        event_kind,
        event_date,
        complete_on,
        recognised_on,
        source,
        file_sha256,
        sheet,
        cast(row_number as bigint) as row_number
    from events

)

select
    project_id,
    stage_no,
    reading,
    event_kind,
    event_date,
    complete_on,
    recognised_on,
    source,
    file_sha256,
    sheet,
    row_number
from final
