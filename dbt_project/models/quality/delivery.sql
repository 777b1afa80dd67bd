with

contracts as (

    select
        source,
        mode,
        rhythm,
        due_day,
        coalesce(due_month, 3) as due_month,
        months_without_report
    from {{ ref('stg_contract') }}

),

loads as (

    select
        source,
        district_code,
        received_on,
        file_sha256,
        file_name,
        case when status = 'loaded' then rows_accepted else 0 end as rows_accepted,
        case when status = 'loaded' then money_accepted else 0 end as money_accepted
    from {{ ref('stg_load_log') }}
    -- A file that changes nothing was delivered all the same.
    where status in ('loaded', 'unchanged')

),

file_scopes as (

    select distinct
        source,
        district_code,
        file_sha256,
        split_part(scope, '|', 1) as period
    from {{ ref('stg_delivery_scope') }}
    where scope <> '*'

),

-- The period of a file: what it states, where it states periods or years; else the last whole
-- period before the day on which it was received.
filed_periods as (

    select
        loads.source,
        loads.district_code,
        loads.received_on,
        loads.file_sha256,
        loads.file_name,
        loads.rows_accepted,
        loads.money_accepted,
        contracts.rhythm,
        case
            when file_scopes.period is not null and contracts.rhythm = 'monthly'
                then cast(file_scopes.period || '-01' as date)
            when file_scopes.period is not null
                then cast(left(file_scopes.period, 4) || '-01-01' as date)
            when contracts.rhythm = 'monthly'
                then cast(date_trunc('month', loads.received_on) - interval 1 month as date)
            when contracts.rhythm = 'quarterly'
                then cast(date_trunc('quarter', loads.received_on) - interval 3 month as date)
            when contracts.rhythm = 'half_yearly' and extract(month from loads.received_on) > 6
                then cast(date_trunc('year', loads.received_on) as date)
            when contracts.rhythm = 'half_yearly'
                then cast(date_trunc('year', loads.received_on) - interval 6 month as date)
            else cast(date_trunc('year', loads.received_on) as date)
        end as period_start
    from loads
    inner join contracts on loads.source = contracts.source
    left join file_scopes
        on
            loads.source = file_scopes.source
            and loads.district_code = file_scopes.district_code
            and loads.file_sha256 = file_scopes.file_sha256

),

deliveries as (

    select
        source,
        district_code,
        period_start,
        received_on,
        count(*) as files,
        sum(rows_accepted) as row_count,
        sum(money_accepted) as money
    from filed_periods
    group by source, district_code, period_start, received_on

),

first_periods as (

    select
        source,
        district_code,
        min(period_start) as first_period_start
    from deliveries
    group by source, district_code

),

-- Every period from the first one received to the last that is over by as_of; of a yearly source
-- also the year that runs, since it is due inside it.
expected_periods as (

    select
        first_periods.source,
        first_periods.district_code,
        contracts.rhythm,
        contracts.due_day,
        contracts.due_month,
        contracts.months_without_report,
        cast(unnest(generate_series(
            first_periods.first_period_start,
            {{ as_of() }},
            case contracts.rhythm
                when 'monthly' then interval 1 month
                when 'quarterly' then interval 3 month
                when 'half_yearly' then interval 6 month
                else interval 12 month
            end
        )) as date) as period_start
    from first_periods
    inner join contracts on first_periods.source = contracts.source

),

calendar as (

    select
        source,
        district_code,
        rhythm,
        period_start,
        due_day,
        due_month,
        cast(period_start + case rhythm
            when 'monthly' then interval 1 month
            when 'quarterly' then interval 3 month
            when 'half_yearly' then interval 6 month
            else interval 12 month
        end as date) as next_period_start
    from expected_periods
    where
        rhythm <> 'monthly'
        or not list_contains(
            coalesce(months_without_report, cast([] as integer[])),
            cast(extract(month from period_start) as integer)
        )

),

due as (

    select
        source,
        district_code,
        rhythm,
        period_start,
        cast(case
            when rhythm = 'yearly'
                then make_date(cast(extract(year from period_start) as integer), due_month, due_day)
            else next_period_start + to_days(due_day - 1)
        end as date) as due_on
    from calendar
    where rhythm = 'yearly' or next_period_start <= {{ as_of() }} + 1

),

labelled as (

    select
        coalesce(due.source, deliveries.source) as source,
        coalesce(due.district_code, deliveries.district_code) as district_code,
        coalesce(due.period_start, deliveries.period_start) as period_start,
        due.due_on,
        deliveries.received_on,
        deliveries.files,
        deliveries.row_count,
        deliveries.money
    from due
    full outer join deliveries
        on
            due.source = deliveries.source
            and due.district_code = deliveries.district_code
            and due.period_start = deliveries.period_start

),

final as (

    select
        labelled.source,
        case contracts.rhythm
            when 'monthly' then strftime(labelled.period_start, '%Y-%m')
            when 'quarterly'
                then
                    extract(year from labelled.period_start)
                    || 'Q' || extract(quarter from labelled.period_start)
            when 'half_yearly'
                then
                    extract(year from labelled.period_start)
                    || 'H'
                    || case when extract(month from labelled.period_start) > 6 then 2 else 1 end
            else cast(extract(year from labelled.period_start) as varchar)
        end as period,
        labelled.due_on,
        labelled.received_on,
        case
            when labelled.received_on is null and labelled.due_on < {{ known_on() }} then 'missing'
            when labelled.received_on is null then 'expected'
            -- A later delivery of a period that came in time is a correction, not a delay.
            when min(labelled.received_on) over (
                partition by labelled.source, labelled.district_code, labelled.period_start
            ) > labelled.due_on then 'late'
            else 'received'
        end as status,
        coalesce(labelled.files, 0) as files,
        cast(coalesce(labelled.row_count, 0) as bigint) as rows,
        cast(labelled.money as decimal(38, 6)) as money,
        labelled.district_code
    from labelled
    inner join contracts on labelled.source = contracts.source

)

select
    source,
    period,
    due_on,
    received_on,
    status,
    files,
    rows,
    money,
    district_code
from final
