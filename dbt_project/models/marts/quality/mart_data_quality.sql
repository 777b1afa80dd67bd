with

answers as (

    select
        finding_id,
        check_id,
        period,
        reporting_unit,
        outcome,
        na_reason,
        effective_severity,
        evidence
    from {{ ref('fct_check_result') }}
    -- The alarm of a check about itself is no answer about a unit.
    where entity_type <> 'source'

),

findings as (

    select
        finding_id,
        decision
    from {{ ref('finding') }}

),

registry as (

    select
        check_id,
        owner
    from {{ ref('check_registry') }}

),

cells as (

    select
        quarantine_id,
        source,
        owner,
        received_on,
        state,
        file_sha256,
        sheet,
        row_number
    from {{ ref('quarantine') }}

),

deliveries as (

    select
        source,
        district_code,
        period,
        due_on,
        received_on,
        status,
        rows
    from {{ ref('delivery') }}

),

contracts as (

    select
        source,
        owner_department
    from {{ ref('stg_contract') }}

),

results as (

    select
        answers.finding_id,
        answers.check_id,
        answers.period,
        answers.reporting_unit,
        answers.outcome,
        answers.na_reason,
        answers.effective_severity,
        answers.evidence,
        case when answers.outcome = 'fail' then coalesce(findings.decision, 'open') end as decision
    from answers
    left join findings on answers.finding_id = findings.finding_id

),

-- Every answer counts for its board and for the district.
placed_results as (

    select
        check_id,
        period,
        '全区' as reporting_unit,
        outcome,
        na_reason,
        effective_severity,
        decision
    from results

    union all by name

    select
        check_id,
        period,
        coalesce(reporting_unit, '未知') as reporting_unit,
        outcome,
        na_reason,
        effective_severity,
        decision
    from results

),

counted_reasons as (

    select
        check_id,
        period,
        reporting_unit,
        na_reason,
        count(*) as answers
    from placed_results
    where outcome = 'na'
    group by check_id, period, reporting_unit, na_reason

),

na_reasons as (

    select
        check_id,
        period,
        reporting_unit,
        string_agg(na_reason || '=' || answers, '; ' order by answers desc, na_reason) as na_reasons
    from counted_reasons
    group by check_id, period, reporting_unit

),

check_counts as (

    select
        check_id,
        period,
        reporting_unit,
        count(*) filter (where outcome <> 'na') as applicable,
        count(*) filter (where outcome = 'pass') as passed,
        count(*) filter (where outcome = 'fail') as failed,
        count(*) filter (where outcome = 'na') as not_applicable,
        count(*) filter (where effective_severity in ('block', 'quarantine')) as held_back,
        count(*) filter (where decision = 'open') as still_open,
        count(*) filter (where decision = 'explained') as explained,
        count(*) filter (where decision = 'confirmed') as confirmed
    from placed_results
    group by check_id, period, reporting_unit

),

check_rows as (

    select
        'check' as topic,
        check_counts.check_id,
        registry.owner,
        check_counts.period,
        check_counts.reporting_unit,
        check_counts.applicable,
        check_counts.passed,
        check_counts.failed,
        check_counts.not_applicable,
        na_reasons.na_reasons,
        check_counts.held_back,
        check_counts.still_open,
        check_counts.explained,
        check_counts.confirmed,
        {{ exact_ratio('check_counts.failed', 'check_counts.applicable') }} as fail_share
    from check_counts
    inner join registry on check_counts.check_id = registry.check_id
    left join na_reasons
        on
            check_counts.check_id = na_reasons.check_id
            and check_counts.period is not distinct from na_reasons.period
            and check_counts.reporting_unit = na_reasons.reporting_unit

),

trended as (

    select
        *,
        case
            when period is not null
                then fail_share - lag(fail_share) over (
                    partition by check_id, reporting_unit order by period
                )
        end as fail_share_change
    from check_rows

),

-- Which deliveries the questions rest on: a finding counts once for every source in its evidence.
cited as (

    select distinct
        finding_id,
        check_id,
        period,
        decision,
        struct_extract(unnest(evidence), 'source') as source
    from results
    where outcome = 'fail'

),

cited_rows as (

    select
        'evidence' as topic,
        cited.check_id,
        cited.source,
        contracts.owner_department as owner,
        cited.period,
        '全区' as reporting_unit,
        count(*) as failed,
        count(*) filter (where cited.decision = 'open') as still_open,
        count(*) filter (where cited.decision = 'explained') as explained,
        count(*) filter (where cited.decision = 'confirmed') as confirmed
    from cited
    inner join contracts on cited.source = contracts.source
    group by cited.check_id, cited.source, contracts.owner_department, cited.period

),

-- A row counts once however many of its cells are unreadable; it is open while one of them is.
quarantined_rows as (

    select
        source,
        owner,
        received_on,
        file_sha256,
        sheet,
        row_number,
        bool_or(state = 'open') as is_open,
        bool_or(state = 'superseded') as is_superseded,
        bool_or(state = 'waived') as is_waived,
        bool_and(state = 'released') as is_released
    from cells
    group by source, owner, received_on, file_sha256, sheet, row_number

),

quarantine_rows as (

    select
        'quarantine' as topic,
        source,
        owner,
        strftime(received_on, '%Y-%m') as period,
        '全区' as reporting_unit,
        count(*) as quarantined_rows,
        count(*) filter (where is_open) as open_rows,
        count(*) filter (where not is_open and is_superseded) as superseded_rows,
        count(*) filter (where not is_open and not is_superseded and is_waived) as waived_rows,
        count(*) filter (where is_released) as released_rows,
        max(datediff('day', received_on, {{ known_on() }})) filter (where is_open)
            as oldest_open_days,
        cast(
            median(datediff('day', received_on, {{ known_on() }})) filter (where is_open)
            as decimal(10, 1)
        ) as median_open_days
    from quarantined_rows
    group by source, owner, period

),

periods_delivered as (

    select
        source,
        district_code,
        period,
        min(due_on) as due_on,
        min(received_on) as first_received_on,
        bool_or(status = 'missing') as is_missing,
        bool_or(status = 'expected') as is_expected,
        bool_or(status = 'late') as is_late
    from deliveries
    group by source, district_code, period

),

delivery_rows as (

    select
        'delivery' as topic,
        periods_delivered.source,
        max(contracts.owner_department) as owner,
        periods_delivered.period,
        '全区' as reporting_unit,
        count(*) filter (where not periods_delivered.is_expected) as periods_due,
        count(*) filter (where periods_delivered.first_received_on is not null)
            as periods_received,
        count(*) filter (where periods_delivered.is_late) as periods_late,
        count(*) filter (where periods_delivered.is_missing) as periods_missing,
        max(
            datediff('day', periods_delivered.due_on, periods_delivered.first_received_on)
        ) filter (where periods_delivered.is_late) as days_late
    from periods_delivered
    inner join contracts on periods_delivered.source = contracts.source
    group by periods_delivered.source, periods_delivered.period

),

last_deliveries as (

    select
        source,
        max(received_on) as last_received_on
    from deliveries
    group by source

),

-- The last period that was due by known_on, of each district that delivers.
last_due as (

    select
        source,
        district_code,
        arg_max(first_received_on is not null, due_on) as is_received
    from periods_delivered
    where due_on < {{ known_on() }}
    group by source, district_code

),

last_due_sources as (

    select
        source,
        bool_and(is_received) as is_fresh
    from last_due
    group by source

),

period_counts as (

    select
        source,
        count(*) filter (where not is_expected) as periods_due,
        count(*) filter (where first_received_on is not null) as periods_received,
        count(*) filter (where first_received_on is not null and not is_expected)
            as periods_received_of_due,
        count(*) filter (where is_late) as periods_late,
        count(*) filter (where is_missing) as periods_missing
    from periods_delivered
    group by source

),

-- Every source of the contracts, also one that has never delivered.
source_rows as (

    select
        'source' as topic,
        contracts.source,
        contracts.owner_department as owner,
        '全区' as reporting_unit,
        coalesce(period_counts.periods_due, 0) as periods_due,
        coalesce(period_counts.periods_received, 0) as periods_received,
        coalesce(period_counts.periods_late, 0) as periods_late,
        coalesce(period_counts.periods_missing, 0) as periods_missing,
        {{ exact_ratio('period_counts.periods_received_of_due', 'period_counts.periods_due') }}
            as completeness,
        last_deliveries.last_received_on,
        datediff('day', last_deliveries.last_received_on, {{ known_on() }}) as days_since_received,
        coalesce(last_due_sources.is_fresh, last_deliveries.last_received_on is not null)
            as is_fresh
    from contracts
    left join period_counts on contracts.source = period_counts.source
    left join last_deliveries on contracts.source = last_deliveries.source
    left join last_due_sources on contracts.source = last_due_sources.source

),

united as (

    select *
    from trended

    union all by name

    select *
    from cited_rows

    union all by name

    select *
    from quarantine_rows

    union all by name

    select *
    from delivery_rows

    union all by name

    select *
    from source_rows

),

final as (

    select
        topic,
        check_id,
        source,
        owner,
        period,
        reporting_unit,
        applicable,
        passed,
        failed,
        not_applicable,
        na_reasons,
        held_back,
        still_open,
        explained,
        confirmed,
        fail_share,
        fail_share_change,
        quarantined_rows,
        open_rows,
        superseded_rows,
        waived_rows,
        released_rows,
        oldest_open_days,
        median_open_days,
        periods_due,
        periods_received,
        periods_late,
        periods_missing,
        days_late,
        completeness,
        last_received_on,
        days_since_received,
        is_fresh,
        {{ as_of() }} as as_of,
        {{ known_on() }} as known_on
    from united

)

select
    topic,
    check_id,
    source,
    owner,
    period,
    reporting_unit,
    applicable,
    passed,
    failed,
    not_applicable,
    na_reasons,
    held_back,
    still_open,
    explained,
    confirmed,
    cast(fail_share as decimal(18, 6)) as fail_share,
    cast(fail_share_change as decimal(18, 6)) as fail_share_change,
    quarantined_rows,
    open_rows,
    superseded_rows,
    waived_rows,
    released_rows,
    oldest_open_days,
    median_open_days,
    periods_due,
    periods_received,
    periods_late,
    periods_missing,
    days_late,
    cast(completeness as decimal(18, 6)) as completeness,
    last_received_on,
    days_since_received,
    is_fresh,
    as_of,
    known_on
from final
