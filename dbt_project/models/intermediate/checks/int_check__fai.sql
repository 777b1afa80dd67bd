-- One row a code and month of the investment report, with what the checks compare it with: the
-- reporter's rounding unit u, the month before and last December as they stood when this row was
-- received, and as they stand now (a later correction of a neighbour asks nothing of this row).

with

reports as (

    select
        district_code,
        project_id,
        project_code,
        uscc,
        stat_period,
        planned_investment,
        investment_cum,
        investment_ytd,
        investment_month,
        investment_build,
        investment_equipment,
        investment_other,
        construction_stage,
        submission_kind,
        revision_reason,
        received_on,
        file_sha256,
        sheet,
        row_number
    from {{ ref('fct_investment_month') }}

),

statements as (

    select
        district_code,
        {{ project_code_key("project_code") }} as project_code,
        stat_period,
        investment_cum,
        investment_ytd,
        received_on,
        {{ kind_rank("submission_kind") }} as kind_rank,
        file_name,
        file_sha256,
        sheet,
        row_number
    from {{ ref('stg_fai') }}

),

-- checks.md: u is the largest power of ten, 0.01 to 1000, that divides every non-zero value.
amounts as (

    select
        project_id,
        unnest([
            investment_cum, investment_ytd, investment_month, investment_build,
            investment_equipment, investment_other,
        ]) as amount
    from reports

),

rounding_units as (

    select
        project_id,
        case
            when bool_and(amount % 1000 = 0) then 1000
            when bool_and(amount % 100 = 0) then 100
            when bool_and(amount % 10 = 0) then 10
            when bool_and(amount % 1 = 0) then 1
            when bool_and(amount * 10 % 1 = 0) then 0.1
            else 0.01
        end as rounding_unit
    from amounts
    where amount <> 0
    group by project_id

),

-- The report of the month before: one that is missing (late, in quarantine) leaves nothing to
-- compare with. January has no report: February follows December.
ordered as (

    select
        reports.*,
        previous.stat_period as previous_period,
        previous.investment_ytd as previous_ytd,
        previous.investment_cum as previous_cum,
        previous.file_sha256 as previous_file_sha256,
        previous.sheet as previous_sheet,
        previous.row_number as previous_row_number,
        row_number() over (
            partition by reports.district_code, reports.project_code
            order by reports.stat_period
        ) as report_no
    from reports
    left join reports as previous
        on
            reports.district_code = previous.district_code
            and reports.project_code = previous.project_code
            and last_day(
                case
                    when month(reports.stat_period) = 2
                        then make_date(year(reports.stat_period) - 1, 12, 1)
                    else date_trunc('month', reports.stat_period) - interval 1 month
                end
            ) = previous.stat_period

),

decembers as (

    select
        district_code,
        project_code,
        year(stat_period) as year_no,
        investment_cum as december_cum,
        file_sha256 as december_file_sha256,
        sheet as december_sheet,
        row_number as december_row_number
    from reports
    where month(stat_period) = 12

),

previous_then as (

    select
        ordered.district_code,
        ordered.project_code,
        ordered.stat_period,
        arg_max(
            statements.investment_ytd,
            row(
                statements.received_on, statements.kind_rank, statements.file_name,
                statements.sheet, statements.row_number
            )
        ) as previous_ytd_then,
        arg_max(
            statements.investment_cum,
            row(
                statements.received_on, statements.kind_rank, statements.file_name,
                statements.sheet, statements.row_number
            )
        ) as previous_cum_then
    from ordered
    inner join statements
        on
            ordered.district_code = statements.district_code
            and ordered.project_code = statements.project_code
            and ordered.previous_period = statements.stat_period
            and ordered.received_on >= statements.received_on
    group by ordered.district_code, ordered.project_code, ordered.stat_period

),

december_then as (

    select
        ordered.district_code,
        ordered.project_code,
        ordered.stat_period,
        arg_max(
            statements.investment_cum,
            row(
                statements.received_on, statements.kind_rank, statements.file_name,
                statements.sheet, statements.row_number
            )
        ) as december_cum_then
    from ordered
    inner join statements
        on
            ordered.district_code = statements.district_code
            and ordered.project_code = statements.project_code
            and make_date(year(ordered.stat_period) - 1, 12, 31) = statements.stat_period
            and ordered.received_on >= statements.received_on
    group by ordered.district_code, ordered.project_code, ordered.stat_period

),

final as (

    select
        ordered.district_code,
        ordered.project_id,
        ordered.project_code,
        ordered.uscc,
        ordered.stat_period,
        ordered.planned_investment,
        ordered.investment_cum,
        ordered.investment_ytd,
        ordered.investment_month,
        ordered.investment_build,
        ordered.investment_equipment,
        ordered.investment_other,
        ordered.construction_stage,
        ordered.submission_kind,
        ordered.revision_reason,
        ordered.received_on,
        ordered.file_sha256,
        ordered.sheet,
        ordered.row_number,
        ordered.report_no,
        cast(coalesce(rounding_units.rounding_unit, 0.01) as decimal(6, 2)) as rounding_unit,
        ordered.previous_period,
        ordered.previous_ytd,
        ordered.previous_cum,
        ordered.previous_file_sha256,
        ordered.previous_sheet,
        ordered.previous_row_number,
        previous_then.previous_ytd_then,
        previous_then.previous_cum_then,
        decembers.december_cum,
        decembers.december_file_sha256,
        decembers.december_sheet,
        decembers.december_row_number,
        december_then.december_cum_then
    from ordered
    left join rounding_units on ordered.project_id = rounding_units.project_id
    left join decembers
        on
            ordered.district_code = decembers.district_code
            and ordered.project_code = decembers.project_code
            and year(ordered.stat_period) - 1 = decembers.year_no
    left join previous_then
        on
            ordered.district_code = previous_then.district_code
            and ordered.project_code = previous_then.project_code
            and ordered.stat_period = previous_then.stat_period
    left join december_then
        on
            ordered.district_code = december_then.district_code
            and ordered.project_code = december_then.project_code
            and ordered.stat_period = december_then.stat_period

)

select
    district_code,
    project_id,
    project_code,
    uscc,
    stat_period,
    planned_investment,
    investment_cum,
    investment_ytd,
    investment_month,
    investment_build,
    investment_equipment,
    investment_other,
    construction_stage,
    submission_kind,
    revision_reason,
    received_on,
    file_sha256,
    sheet,
    row_number,
    report_no,
    rounding_unit,
    previous_period,
    previous_ytd,
    previous_cum,
    previous_file_sha256,
    previous_sheet,
    previous_row_number,
    previous_ytd_then,
    previous_cum_then,
    december_cum,
    december_file_sha256,
    december_sheet,
    december_row_number,
    december_cum_then
from final
