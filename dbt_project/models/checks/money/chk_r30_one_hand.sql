-- Reports of many owners from one hand, one factor for all, and edits in the last hours that lift a
-- board over its target (checks.md R30).

with

firms as (

    select
        district_code,
        uscc,
        coalesce(controller_uscc, uscc) as owner,
        reporting_unit
    from {{ ref('int_enterprise__current') }}

),

projects as (

    select
        project_id,
        uscc,
        reporting_unit
    from {{ ref('int_check__project') }}

),

submissions as (

    select
        log.district_code,
        log.submission_no,
        log.uscc,
        log.form,
        last_day(log.stat_period) as stat_period,
        log.submitted_at,
        log.account,
        log.client_ip,
        log.due_at,
        log.value_before,
        log.value_after,
        coalesce(log.is_bookkeeping_agent, false) as is_agent,
        {{ evidence_cell('submission_log', 'log', 'submitted_at') }} as time_cell,
        {{ evidence_cell('submission_log', 'log', 'account') }} as account_cell,
        {{ evidence_cell('submission_log', 'log', 'client_ip') }} as place_cell,
        {{ evidence_cell('submission_log', 'log', 'value_before') }} as before_cell,
        {{ evidence_cell('submission_log', 'log', 'value_after') }} as after_cell
    from {{ ref('int_submission_log__current') }} as log
    where
        log.uscc is not null
        and log.stat_period <= {{ as_of() }}
        and cast(log.submitted_at as date) <= {{ as_of() }}

),

targets as (

    select
        district_code,
        stat_year,
        reporting_unit,
        target_value,
        {{ evidence_cell('target', 'target', 'target_value') }} as target_cell
    from {{ ref('fct_target') }} as target
    where metric = '完成投资'

),

-- A project that is not in the ledger counts for the board of its report.
investment as (

    select
        reports.district_code,
        coalesce(projects.reporting_unit, reports.reporting_unit) as reporting_unit,
        coalesce(projects.uscc, reports.uscc) as uscc,
        reports.stat_period,
        reports.investment_month
    from {{ ref('fct_investment_month') }} as reports
    left join projects on reports.project_id = projects.project_id
    where coalesce(projects.reporting_unit, reports.reporting_unit) is not null

),

months as (

    select distinct
        district_code,
        stat_period,
        period
    from {{ ref('int_check__project_month') }}

),

board_years as (

    select
        district_code,
        reporting_unit,
        year(stat_period) as stat_year
    from investment

    union distinct

    select
        district_code,
        reporting_unit,
        stat_year
    from targets

),

board_months as (

    select
        board_years.district_code,
        board_years.reporting_unit,
        months.stat_period,
        months.period
    from board_years
    inner join months
        on
            board_years.district_code = months.district_code
            and board_years.stat_year = year(months.stat_period)

),

-- A registered bookkeeping agent files for many by trade.
own as (

    select
        submissions.*,
        coalesce(firms.owner, submissions.uscc) as owner
    from submissions
    left join firms
        on submissions.district_code = firms.district_code and submissions.uscc = firms.uscc
    where not submissions.is_agent

),

-- One account and address, and whom it files for within minutes of a submission.
desks as (

    select
        district_code,
        stat_period,
        account,
        client_ip
    from own
    where account is not null and client_ip is not null
    group by district_code, stat_period, account, client_ip
    having count(distinct uscc) >= {{ check_threshold('R30', 'hand_units') }}

),

desk_rows as (

    select own.*
    from own
    inner join desks
        on
            own.district_code = desks.district_code
            and own.stat_period = desks.stat_period
            and own.account = desks.account
            and own.client_ip = desks.client_ip

),

sittings as (

    select
        first_row.district_code,
        first_row.stat_period,
        first_row.submission_no as sitting,
        count(distinct near.uscc) as units,
        count(distinct near.owner) as owners,
        min(near.submitted_at) as first_at,
        max(near.submitted_at) as last_at,
        list(distinct near.uscc) as members,
        list(near.time_cell order by near.submitted_at, near.submission_no) as cells
    from desk_rows as first_row
    inner join desk_rows as near
        on
            first_row.district_code = near.district_code
            and first_row.stat_period = near.stat_period
            and first_row.account = near.account
            and first_row.client_ip = near.client_ip
            and near.submitted_at between first_row.submitted_at
            and first_row.submitted_at
            + to_minutes(cast({{ check_threshold('R30', 'hand_minutes') }} as integer))
    group by first_row.district_code, first_row.stat_period, first_row.submission_no
    having
        count(distinct near.uscc) >= {{ check_threshold('R30', 'hand_units') }}
        and count(distinct near.owner) >= {{ check_threshold('R30', 'hand_owners') }}

),

seated as (

    select
        district_code,
        stat_period,
        sitting,
        units,
        owners,
        first_at,
        last_at,
        cells,
        unnest(members) as uscc
    from sittings

),

together as (

    select
        seated.*,
        desk.account_cell,
        desk.place_cell
    from seated
    inner join desk_rows as desk
        on
            seated.district_code = desk.district_code
            and seated.stat_period = desk.stat_period
            and seated.uscc = desk.uscc
    qualify
        row_number() over (
            partition by seated.district_code, seated.stat_period, seated.uscc
            order by seated.units desc, seated.first_at, seated.sitting, desk.submission_no
        ) = 1

),

-- After against before, to four decimals: the same in several units of a form.
revised as (

    select
        *,
        round(
            value_after / value_before,
            cast({{ check_threshold('R30', 'factor_decimals') }} as integer)
        ) as factor
    from own
    where value_before <> 0 and value_after is not null

),

factors as (

    select
        district_code,
        stat_period,
        form,
        factor,
        count(distinct uscc) as units,
        list_distinct(list(uscc)) as members,
        flatten(list([before_cell, after_cell] order by submission_no)) as cells
    from revised
    where factor <> 1
    group by district_code, stat_period, form, factor
    having count(distinct uscc) >= {{ check_threshold('R30', 'factor_units') }}

),

spread_factors as (

    select
        district_code,
        stat_period,
        form,
        factor,
        units,
        cells,
        unnest(members) as uscc
    from factors

),

alike as (

    select *
    from spread_factors
    qualify
        row_number() over (
            partition by district_code, stat_period, uscc
            order by units desc, form, factor
        ) = 1

),

filers as (

    select
        district_code,
        uscc,
        stat_period,
        strftime(stat_period, '%Y-%m') as period,
        count(*) as submissions,
        bool_and(is_agent) as is_all_agent
    from submissions
    group by district_code, uscc, stat_period

),

enterprises as (

    select
        filers.district_code,
        'enterprise' as entity_type,
        filers.uscc as entity_id,
        filers.uscc,
        filers.stat_period,
        filers.period,
        firms.reporting_unit,
        filers.submissions as n_used,
        case
            when filers.is_all_agent then 'na'
            when alike.uscc is not null or together.uscc is not null then 'fail'
            else 'pass'
        end as outcome,
        case when filers.is_all_agent then 'bookkeeping_agent' end as na_reason,
        case
            when alike.uscc is not null then 'quarantine'
            when together.uscc is not null then 'flag'
        end as severity,
        coalesce(alike.units, together.units) as statistic,
        case
            when alike.uscc is not null then {{ check_threshold('R30', 'factor_units') }}
            else {{ check_threshold('R30', 'hand_units') }}
        end as threshold,
        case
            when alike.uscc is not null then alike.cells
            else list_concat([together.account_cell, together.place_cell], together.cells)
        end as evidence,
        case
            when alike.uscc is not null
                then {{ sentence(
                    '{} {} 有 {} 家单位按同一倍数 {} 改数',
                    ['filers.period', 'alike.form', 'alike.units', 'alike.factor'],
                ) }}
            else {{ sentence(
                '{} 同一账号、同一来源地址在 {} 至 {} 为 {} 家单位（{} 个控制人）报送',
                [
                    'filers.period', 'together.first_at', 'together.last_at', 'together.units',
                    'together.owners',
                ],
            ) }}
        end as facts_zh,
        case
            when alike.uscc is not null
                then {{ sentence(
                    '{}, {}: {} units were revised by the same factor of {}',
                    ['filers.period', 'alike.form', 'alike.units', 'alike.factor'],
                ) }}
            else {{ sentence(
                '{}: one account and address filed from {} to {} for {} units of {} owners',
                [
                    'filers.period', 'together.first_at', 'together.last_at', 'together.units',
                    'together.owners',
                ],
            ) }}
        end as facts_en,
        case
            when alike.uscc is not null
                then {{ sentence(
                    '各单位改数原因不同，同一倍数的少于 {} 家', [check_threshold('R30', 'factor_units')],
                ) }}
            else {{ sentence(
                '{} 分钟内同一账号和地址报送的少于 {} 家或少于 {} 个控制人',
                [
                    check_threshold('R30', 'hand_minutes'), check_threshold('R30', 'hand_units'),
                    check_threshold('R30', 'hand_owners'),
                ],
            ) }}
        end as relation_zh,
        case
            when alike.uscc is not null
                then {{ sentence(
                    'units have their own reasons: fewer than {} share one factor',
                    [check_threshold('R30', 'factor_units')],
                ) }}
            else {{ sentence(
                'within {} minutes one account and address files for fewer than {} units or {} owners',
                [
                    check_threshold('R30', 'hand_minutes'), check_threshold('R30', 'hand_units'),
                    check_threshold('R30', 'hand_owners'),
                ],
            ) }}
        end as relation_en
    from filers
    left join firms
        on filers.district_code = firms.district_code and filers.uscc = firms.uscc
    left join alike
        on
            filers.district_code = alike.district_code
            and filers.stat_period = alike.stat_period
            and filers.uscc = alike.uscc
    left join together
        on
            filers.district_code = together.district_code
            and filers.stat_period = together.stat_period
            and filers.uscc = together.uscc

),

-- The board of an investor is that of its projects where they have one, else the register's.
investors as (

    select
        district_code,
        uscc,
        min(reporting_unit) as reporting_unit
    from investment
    where uscc is not null
    group by district_code, uscc
    having count(distinct reporting_unit) = 1

),

-- Form H201 is the one whose figures make up 完成投资.
late_edits as (

    select
        own.district_code,
        own.stat_period,
        coalesce(investors.reporting_unit, firms.reporting_unit) as reporting_unit,
        sum(own.value_after - own.value_before) as net,
        count(*) as edits,
        flatten(list([own.time_cell, own.before_cell, own.after_cell] order by own.submission_no))
            as cells
    from own
    left join investors
        on own.district_code = investors.district_code and own.uscc = investors.uscc
    left join firms on own.district_code = firms.district_code and own.uscc = firms.uscc
    where
        own.form like 'H201%'
        and own.value_before is not null
        and own.value_after is not null
        and own.submitted_at between own.due_at
        - to_hours(cast({{ check_threshold('R30', 'late_hours') }} as integer)) and own.due_at
    group by all

),

logged as (

    select distinct
        district_code,
        stat_period
    from submissions

),

done as (

    select
        board_months.district_code,
        board_months.reporting_unit,
        board_months.stat_period,
        board_months.period,
        coalesce(sum(investment.investment_month), 0) as done
    from board_months
    left join investment
        on
            board_months.district_code = investment.district_code
            and board_months.reporting_unit = investment.reporting_unit
            and year(board_months.stat_period) = year(investment.stat_period)
            and board_months.stat_period >= investment.stat_period
    group by all

),

lifted as (

    select
        done.*,
        targets.target_value,
        targets.target_cell,
        coalesce(late_edits.net, 0) as net,
        coalesce(late_edits.edits, 0) as edits,
        late_edits.cells,
        logged.stat_period is not null as is_logged
    from done
    left join targets
        on
            done.district_code = targets.district_code
            and done.reporting_unit = targets.reporting_unit
            and year(done.stat_period) = targets.stat_year
    left join late_edits
        on
            done.district_code = late_edits.district_code
            and done.reporting_unit = late_edits.reporting_unit
            and done.stat_period = late_edits.stat_period
    left join logged
        on
            done.district_code = logged.district_code
            and done.stat_period = logged.stat_period

),

boards as (

    select
        district_code,
        'reporting_unit' as entity_type,
        reporting_unit as entity_id,
        reporting_unit,
        period,
        stat_period,
        edits as n_used,
        case
            when target_value is null or not is_logged then 'na'
            when done >= target_value and done - net < target_value then 'fail'
            else 'pass'
        end as outcome,
        case
            when target_value is null then 'no_target'
            when not is_logged then 'no_log'
        end as na_reason,
        'flag' as severity,
        net as statistic,
        done as observed,
        target_value as expected,
        list_concat([target_cell], cells) as evidence,
        {{ sentence(
            '{} 累计完成投资 {} 万元；截止前 {} 小时内 {} 次改数，净增 {} 万元',
            ['period', 'done', check_threshold('R30', 'late_hours'), 'edits', 'net'],
        ) }} as facts_zh,
        {{ sentence(
            '{}: {} invested in the year so far; {} edits in the last {} hours added {} net',
            ['period', 'done', 'edits', check_threshold('R30', 'late_hours'), 'net'],
        ) }} as facts_en,
        {{ sentence(
            '没有这些改数为 {} 万元，未到目标 {} 万元', ['done - net', 'target_value'],
        ) }} as relation_zh,
        {{ sentence(
            'without these edits it is {}, below the target of {}', ['done - net', 'target_value'],
        ) }} as relation_en
    from lifted

),

united as (

    select *
    from enterprises

    union all by name

    select *
    from boards

),

final as (

    select
        * exclude (severity, evidence),
        stat_period as anchor_on,
        case when outcome = 'fail' then severity end as severity,
        case when outcome = 'fail' then evidence else {{ no_evidence() }} end as evidence,
        ['bookkeeping_agent', 'same_owner'] as exemptions_checked
    from united

)

{{ check_answer('final') }}
