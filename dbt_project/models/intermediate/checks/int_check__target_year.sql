-- R18: what a board was asked for in a year and what it reported, for investment and for counts of
-- at least a hundred. A target that came, or last changed, after its year followed the result.

with

targets as (

    select
        district_code,
        reporting_unit,
        metric,
        measure,
        form,
        basis,
        stat_year,
        target_value,
        {{ evidence_cell('target', 'target', 'target_value') }} as target_cell
    from {{ ref('fct_target') }} as target
    where
        stat_year <= year({{ as_of() }})
        and target_value > 0
        and (
            measure = 'investment_cum'
            or (basis = 'count' and target_value >= {{ check_threshold('R18', 'count_target') }})
        )

),

statements as (

    select
        district_code,
        reporting_unit,
        metric,
        stat_year,
        received_on,
        target_value,
        unit,
        lag(target_value) over same as value_before,
        lag(unit) over same as unit_before
    from {{ ref('int_target__history') }}
    window
        same as (
            partition by district_code, reporting_unit, metric, stat_year
            order by received_on, version_no
        )

),

standing as (

    select
        district_code,
        reporting_unit,
        metric,
        stat_year,
        max(received_on) as set_on
    from statements
    where target_value is distinct from value_before or unit is distinct from unit_before
    group by district_code, reporting_unit, metric, stat_year

),

investment as (

    select
        district_code,
        reporting_unit,
        'investment_cum' as measure,
        cast(null as varchar) as form,
        year(stat_period) as stat_year,
        sum(investment_month) as done_value,
        list(
            {{ evidence_cell('fai', 'fai', 'investment_month') }}
            order by fai.stat_period, fai.project_code
        ) as done_cells
    from {{ ref('fct_investment_month') }} as fai
    where investment_month <> 0 and stat_period <= {{ as_of() }}
    group by district_code, reporting_unit, year(stat_period)

),

projects as (

    select
        project_id,
        district_code,
        reporting_unit
    from {{ ref('int_project') }}

),

claims as (

    select
        project_id,
        stage_no,
        event_date,
        withdrawn_on,
        struct_pack(
            source := source,
            file_sha256 := file_sha256,
            sheet := sheet,
            row_number := row_number,
            column_name := case source
                when 'signing' then 'signing_date'
                when 'filing' then 'filing_date'
                else 'actual_date'
            end,
            value := cast(event_date as varchar)
        ) as cell
    from {{ ref('int_stage__claimed') }}
    where stands and event_date <= {{ as_of() }}

),

-- A cohort is what was signed in the year and got there by its end; a period what got there in it.
reached as (

    select
        projects.district_code,
        projects.reporting_unit,
        projects.project_id,
        claims.event_date,
        claims.withdrawn_on,
        claims.cell,
        ['signed', 'filed', 'started', 'completed', 'produced', 'on_target'][claims.stage_no]
            as measure,
        unnest([
            struct_pack(form := 'cohort', stat_year := year(signed.event_date)),
            struct_pack(form := 'period', stat_year := year(claims.event_date)),
        ]) as placed
    from projects
    inner join claims on projects.project_id = claims.project_id
    left join claims as signed
        on
            projects.project_id = signed.project_id
            and signed.stage_no = 1

),

placed as (

    select
        district_code,
        reporting_unit,
        project_id,
        event_date,
        withdrawn_on,
        cell,
        measure,
        struct_extract(placed, 'form') as form,
        struct_extract(placed, 'stat_year') as stat_year
    from reached

),

counts as (

    select
        district_code,
        reporting_unit,
        measure,
        form,
        stat_year,
        count(*) as done_value,
        list(cell order by project_id) as done_cells
    from placed
    where
        year(event_date) <= stat_year
        and coalesce(year(withdrawn_on) > stat_year, true)
    group by district_code, reporting_unit, measure, form, stat_year

),

done as (

    select *
    from investment

    union all by name

    select *
    from counts

),

final as (

    select
        targets.district_code,
        targets.reporting_unit,
        targets.metric,
        targets.stat_year,
        targets.target_value,
        standing.set_on,
        coalesce(cast(done.done_value as decimal(20, 4)), 0) as done_value,
        targets.stat_year < year({{ as_of() }}) as is_closed,
        coalesce(year(standing.set_on) <= targets.stat_year, false) as is_set_in_time,
        list_prepend(targets.target_cell, coalesce(done.done_cells, [])) as cells
    from targets
    left join standing
        on
            targets.district_code = standing.district_code
            and targets.reporting_unit = standing.reporting_unit
            and targets.metric = standing.metric
            and targets.stat_year = standing.stat_year
    left join done
        on
            targets.district_code = done.district_code
            and targets.reporting_unit = done.reporting_unit
            and targets.measure = done.measure
            and (done.form is null or targets.form = done.form)
            and targets.stat_year = done.stat_year

)

select
    district_code,
    reporting_unit,
    metric,
    stat_year,
    target_value,
    set_on,
    done_value,
    is_closed,
    is_set_in_time,
    cells
from final
