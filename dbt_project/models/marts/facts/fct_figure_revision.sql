with

versions as (

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
        file_sha256,
        sheet,
        row_number,
        unnest(figures) as stated
    from {{ ref('int_figure__row') }}
    -- A row of the treasury tax detail has no key: what follows it is not known.
    where source <> 'tax'

),

contract_columns as (

    select
        source,
        column_name,
        label_zh,
        unit
    from {{ ref('stg_contract_column') }}

),

figures as (

    select
        source,
        district_code,
        record_key,
        stated.figure,
        project_id,
        uscc,
        reporting_unit,
        event_on,
        submission_kind,
        revision_reason,
        is_withdrawn,
        valid_from,
        file_sha256,
        sheet,
        row_number,
        case when not is_withdrawn then stated.amount end as number_value,
        case when not is_withdrawn then stated.day end as date_value
    from versions
    where stated.figure <> 'row_count'

),

compared as (

    select
        source,
        district_code,
        record_key,
        figure,
        project_id,
        uscc,
        reporting_unit,
        event_on,
        submission_kind,
        revision_reason,
        is_withdrawn,
        valid_from,
        file_sha256,
        sheet,
        row_number,
        number_value,
        date_value,
        lag(number_value) over figure_in_time as old_number,
        lag(date_value) over figure_in_time as old_date,
        lag(event_on) over figure_in_time as old_event_on,
        lag(valid_from) over figure_in_time as old_valid_from,
        lag(file_sha256) over figure_in_time as old_file_sha256,
        lag(sheet) over figure_in_time as old_sheet,
        lag(row_number) over figure_in_time as old_row_number,
        coalesce(bool_or(number_value is not null or date_value is not null) over (
            partition by source, district_code, record_key, figure
            order by valid_from
            rows between unbounded preceding and 1 preceding
        ), false) as was_stated
    from figures
    window figure_in_time as (
        partition by source, district_code, record_key, figure
        order by valid_from
    )

),

revisions as (

    select
        source,
        district_code,
        record_key,
        figure,
        project_id,
        uscc,
        reporting_unit,
        event_on,
        old_event_on,
        submission_kind,
        revision_reason,
        valid_from,
        file_sha256,
        sheet,
        row_number,
        number_value,
        date_value,
        old_number,
        old_date,
        old_valid_from,
        old_file_sha256,
        old_sheet,
        old_row_number,
        case
            when number_value is null and date_value is null and is_withdrawn then 'withdrawn'
            when number_value is null and date_value is null then 'emptied'
            when old_number is null and old_date is null then 'reinstated'
            else 'restated'
        end as revision_kind
    from compared
    where
        was_stated
        and (
            number_value is distinct from old_number
            or date_value is distinct from old_date
        )
        and coalesce(event_on, old_event_on, date '1900-01-01') <= {{ as_of() }}

),

final as (

    select
        revisions.district_code,
        revisions.source,
        revisions.record_key,
        revisions.figure,
        regexp_replace(contract_columns.label_zh, '[（(][^（(]*[)）]$', '') as figure_zh,
        contract_columns.unit,
        last_day(coalesce(revisions.event_on, revisions.old_event_on)) as stat_period,
        revisions.project_id,
        revisions.uscc,
        revisions.reporting_unit,
        cast(row_number() over (
            partition by
                revisions.district_code, revisions.source, revisions.record_key, revisions.figure
            order by revisions.valid_from
        ) as integer) as revision_no,
        revisions.revision_kind,
        cast(revisions.old_number as decimal(20, 6)) as old_value,
        cast(revisions.number_value as decimal(20, 6)) as new_value,
        case
            when coalesce(revisions.number_value, revisions.old_number) is not null
                then cast(
                    coalesce(revisions.number_value, 0) - coalesce(revisions.old_number, 0)
                    as decimal(20, 6)
                )
        end as change,
        revisions.old_date,
        revisions.date_value as new_date,
        cast(revisions.date_value - revisions.old_date as integer) as change_days,
        revisions.old_valid_from as old_received_on,
        revisions.valid_from as received_on,
        cast(revisions.valid_from - revisions.old_valid_from as integer) as days_until_revised,
        revisions.submission_kind,
        revisions.revision_reason,
        revisions.old_file_sha256,
        revisions.old_sheet,
        revisions.old_row_number,
        revisions.file_sha256,
        revisions.sheet,
        revisions.row_number
    from revisions
    left join contract_columns
        on
            revisions.source = contract_columns.source
            and revisions.figure = contract_columns.column_name

)

select
    district_code,
    source,
    record_key,
    figure,
    figure_zh,
    unit,
    stat_period,
    project_id,
    uscc,
    reporting_unit,
    revision_no,
    revision_kind,
    old_value,
    new_value,
    change,
    old_date,
    new_date,
    change_days,
    old_received_on,
    received_on,
    days_until_revised,
    submission_kind,
    revision_reason,
    old_file_sha256,
    old_sheet,
    old_row_number,
    file_sha256,
    sheet,
    row_number
from final
