-- metrics.md "Stages" 5, evidenced: acceptance (no land or leased plant: evidenced start) and
-- invoiced sales in 2 of 3 consecutive months, from the month of the acceptance on.

with

projects as (

    select
        project_id,
        district_code,
        uscc,
        is_leased
    from {{ ref('int_project') }}

),

-- Evidenced 投产 needs evidenced 开工.
starts as (

    select
        project_id,
        started_on
    from {{ ref('int_stage__start') }}

),

completions as (

    select
        project_id,
        completed_on
    from {{ ref('int_stage__completion') }}

),

selling_months as (

    select
        district_code,
        uscc,
        stat_period,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_sales__current') }}
    where
        invoiced_sales > 0
        and stat_period <= {{ as_of() }}

),

rules as (

    select
        cast({{ rule('stage_rule', 'sales_months_needed') }} as integer) as months_needed,
        cast({{ rule('stage_rule', 'sales_window_months') }} as integer) as window_months

),

-- With 2 months needed: each selling month with the next one.
paired_months as (

    select
        selling_months.district_code,
        selling_months.uscc,
        selling_months.stat_period,
        lead(selling_months.stat_period, rules.months_needed - 1) over (
            partition by selling_months.district_code, selling_months.uscc
            order by selling_months.stat_period
        ) as last_needed_month,
        rules.window_months,
        selling_months.file_sha256,
        selling_months.sheet,
        selling_months.row_number
    from selling_months
    cross join rules

),

ready as (

    select
        projects.project_id,
        projects.district_code,
        projects.uscc,
        case
            when projects.is_leased then starts.started_on
            else completions.completed_on
        end as ready_on
    from projects
    inner join starts on projects.project_id = starts.project_id
    left join completions on projects.project_id = completions.project_id

),

final as (

    select
        ready.project_id,
        paired_months.stat_period as produced_on,
        paired_months.last_needed_month as complete_on,
        'sales' as source,
        paired_months.file_sha256,
        paired_months.sheet,
        paired_months.row_number
    from ready
    -- A month ends on or after the day exactly when it is that day's month or a later one.
    inner join paired_months
        on
            ready.district_code = paired_months.district_code
            and ready.uscc = paired_months.uscc
            and ready.ready_on <= paired_months.stat_period
    where
        datediff('month', paired_months.stat_period, paired_months.last_needed_month)
        < paired_months.window_months
    qualify row_number() over (
        partition by ready.project_id
        order by paired_months.stat_period
    ) = 1

)

select
    project_id,
    produced_on,
    complete_on,
    source,
    file_sha256,
    sheet,
    row_number
from final
