with

spine as (

    select distinct
        project_id,
        district_code,
        entity_id,
        uscc,
        reporting_unit,
        year(stat_period) as year_no
    from {{ ref('int_check__project_month') }}

),

projects as (

    select
        project_id,
        district_code,
        uscc,
        industry_division,
        industry_section
    from {{ ref('int_check__project') }}

),

investment as (

    select
        project_id,
        stat_period,
        year(stat_period) as year_no,
        investment_month,
        month_cells
    from {{ ref('int_check__investment') }}

),

reports as (

    select
        project_id,
        project_code,
        year(stat_period) as year_no,
        stat_period,
        investment_equipment
    from {{ ref('int_check__fai') }}

),

revisions as (

    select
        project_id,
        record_key,
        year(stat_period) as year_no,
        revision_no,
        old_value,
        new_value,
        old_file_sha256,
        old_sheet,
        old_row_number
    from {{ ref('fct_figure_revision') }}
    where
        source = 'fai'
        and figure = 'investment_month'
        and month(stat_period) = 12
        and old_value is not null
        and received_on <= last_day(
            make_date(
                year(stat_period) + 1,
                cast({{ check_threshold('R16', 'reversal_month') }} as integer), 1
            )
        )

),

payments as (

    select
        project_id,
        district_code,
        account_bank,
        flow_no,
        paid_on,
        last_day(paid_on) as stat_period,
        purpose,
        amount,
        {{ evidence_cell('payment', 'payment', 'amount', 'payment.amount_yuan') }} as cell
    from {{ ref('fct_payment') }} as payment
    where project_id is not null and purpose in ('土建', '设备')

),

purchases as (

    select
        district_code,
        uscc,
        stat_period,
        equipment_purchases,
        {{ evidence_cell('sales', 'sales', 'equipment_purchases') }} as cell
    from {{ ref('fct_sales_month') }} as sales
    where equipment_purchases > 0

),

-- A firm's purchases belong to its projects by the machines that each has reported: the last
-- year-to-date figure of each code and year.
yearly_equipment as (

    select
        project_id,
        project_code,
        year_no,
        arg_max(coalesce(investment_equipment, 0), stat_period) as equipment
    from reports
    group by project_id, project_code, year_no

),

equipment as (

    select
        project_id,
        sum(equipment) as equipment
    from yearly_equipment
    group by project_id

),

shares as (

    select
        projects.project_id,
        projects.district_code,
        projects.uscc,
        equipment.equipment
        / nullif(
            sum(equipment.equipment) over (partition by projects.district_code, projects.uscc), 0
        )
            as share
    from projects
    inner join equipment on projects.project_id = equipment.project_id

),

bought as (

    select
        shares.project_id,
        purchases.stat_period,
        cast(purchases.equipment_purchases * shares.share as decimal(20, 4)) as machines_bought,
        purchases.cell
    from shares
    inner join purchases
        on
            shares.district_code = purchases.district_code
            and shares.uscc = purchases.uscc
    where shares.share > 0

),

paid as (

    select
        project_id,
        stat_period,
        sum(case when purpose = '土建' then amount else 0 end) as works,
        sum(case when purpose = '设备' then amount else 0 end) as machines
    from payments
    group by project_id, stat_period

),

-- Works paid, and machines paid or bought, whichever is more in the month (checks.md R28).
spending as (

    select
        coalesce(paid.project_id, bought.project_id) as project_id,
        coalesce(paid.stat_period, bought.stat_period) as stat_period,
        coalesce(paid.works, 0)
        + greatest(coalesce(paid.machines, 0), coalesce(bought.machines_bought, 0)) as spent
    from paid
    full outer join bought
        on
            paid.project_id = bought.project_id
            and paid.stat_period = bought.stat_period

),

spent_years as (

    select
        spine.project_id,
        spine.year_no,
        sum(case when year(spending.stat_period) = spine.year_no then spending.spent else 0 end)
            as spent_year,
        sum(
            case
                when spending.stat_period = make_date(spine.year_no, 12, 31) then spending.spent
                else 0
            end
        ) as spent_december,
        sum(
            case
                when spending.stat_period = make_date(spine.year_no, 11, 30) then spending.spent
                else 0
            end
        ) as spent_november,
        sum(
            case when year(spending.stat_period) > spine.year_no then spending.spent else 0 end
        ) as spent_january
    from spine
    inner join spending
        on
            spine.project_id = spending.project_id
            and spending.stat_period
            between make_date(spine.year_no, 1, 1) and make_date(spine.year_no + 1, 1, 31)
    group by spine.project_id, spine.year_no

),

-- The shift that suits the unit best: December alone, with January, or with November.
paid_shares as (

    select
        project_id,
        year_no,
        spent_year,
        greatest(
            spent_december / spent_year,
            (spent_december + spent_january) / (spent_year + spent_january),
            (spent_december + spent_november) / spent_year
        ) as paid_share
    from spent_years
    where spent_year > 0

),

years as (

    select
        project_id,
        year_no,
        count(*) as reports,
        min(investment_month) as least_month,
        sum(investment_month) as year_total,
        coalesce(sum(investment_month) filter (where month(stat_period) = 12), 0) as december
    from investment
    group by project_id, year_no

),

-- What a later delivery took off December.
first_and_last as (

    select
        project_id,
        year_no,
        record_key,
        arg_min(old_value, revision_no) as first_value,
        arg_max(new_value, revision_no) as last_value
    from revisions
    group by project_id, year_no, record_key

),

lowered as (

    select
        project_id,
        year_no,
        sum(greatest(first_value - last_value, 0)) as lowered
    from first_and_last
    group by project_id, year_no

),

-- What the months up to April took back.
negative as (

    select
        project_id,
        year_no - 1 as year_no,
        -sum(investment_month) as taken_back,
        flatten(list(month_cells order by stat_period)) as cells
    from investment
    where
        investment_month < 0
        and month(stat_period) <= {{ check_threshold('R16', 'reversal_month') }}
    group by project_id, year_no

),

-- How far reports and payments have come: nothing is concluded from those still to come.
reported as (

    select
        projects.district_code,
        max(investment.stat_period) as reported_until
    from investment
    inner join projects on investment.project_id = projects.project_id
    group by projects.district_code

),

accounted as (

    select
        district_code,
        max(paid_on) as paid_until
    from payments
    group by district_code

),

asked as (

    select
        spine.*,
        coalesce(projects.industry_division, '') as industry_division,
        coalesce(projects.industry_section, '') as industry_section,
        years.reports,
        years.year_total,
        years.december,
        case
            when
                years.reports >= {{ check_threshold('R16', 'least_reports') }}
                and years.year_total > 0
                and years.least_month >= 0
                then {{ significant('years.december / years.year_total') }}
        end as share,
        {{ significant('paid_shares.paid_share') }} as paid_share,
        paid_shares.spent_year,
        coalesce(lowered.lowered, 0) + coalesce(negative.taken_back, 0) as taken_back,
        years.december + coalesce(lowered.lowered, 0) as first_december,
        negative.cells as negative_cells,
        coalesce(
            reported.reported_until >= make_date(spine.year_no, 12, 31)
            and (
                accounted.paid_until is null
                or accounted.paid_until > make_date(spine.year_no, 12, 31)
            ),
            false
        ) as is_closed
    from spine
    left join projects on spine.project_id = projects.project_id
    left join years on spine.project_id = years.project_id and spine.year_no = years.year_no
    left join paid_shares
        on spine.project_id = paid_shares.project_id and spine.year_no = paid_shares.year_no
    left join lowered
        on spine.project_id = lowered.project_id and spine.year_no = lowered.year_no
    left join negative
        on spine.project_id = negative.project_id and spine.year_no = negative.year_no
    left join reported on spine.district_code = reported.district_code
    left join accounted on spine.district_code = accounted.district_code

),

-- Three years of others in the division, or in the section where they are few.
cells as (

    select
        asked.project_id,
        asked.year_no,
        list(peers.share order by peers.share)
        filter (where peers.industry_division = asked.industry_division) as division_peers,
        list(peers.share order by peers.share) as section_peers
    from asked
    inner join asked as peers
        on
            asked.district_code = peers.district_code
            and asked.industry_section = peers.industry_section
            and asked.project_id <> peers.project_id
            and asked.year_no >= peers.year_no
            and asked.year_no - {{ check_threshold('R16', 'peer_years') }} < peers.year_no
    where asked.share is not null and peers.share is not null
    group by asked.project_id, asked.year_no

),

peered as (

    select
        project_id,
        year_no,
        case
            when len(division_peers) >= {{ check_threshold('R16', 'narrow_peers') }}
                then division_peers
            else section_peers
        end as peers,
        cast({{ check_threshold('R16', 'peer_quantile') }} as double) as peer_quantile
    from cells

),

measured as (

    select
        asked.*,
        coalesce(len(peered.peers), 0) as peers,
        case
            when len(peered.peers) >= {{ check_threshold('R16', 'least_peers') }}
                then {{ significant(
                    "greatest(cast(" ~ check_threshold('R16', 'least_share') ~ " as double), "
                    ~ sorted_quantile('peered.peers', 'peered.peer_quantile') ~ ")"
                ) }}
        end as share_limit,
        {{ significant('asked.share - asked.paid_share') }} as excess,
        {{ significant('asked.taken_back / nullif(asked.first_december, 0)') }} as reversed_share
    from asked
    left join peered
        on
            asked.project_id = peered.project_id
            and asked.year_no = peered.year_no

),

judged as (

    select
        *,
        case
            when not is_closed or share is null or paid_share is null or share_limit is null
                then 'na'
            when
                share >= share_limit
                and excess >= cast({{ check_threshold('R16', 'least_excess') }} as double)
                then 'fail'
            else 'pass'
        end as outcome,
        case
            when not is_closed then 'year_not_closed'
            when
                share is null
                and coalesce(reports, 0) < {{ check_threshold('R16', 'least_reports') }}
                then 'few_reports'
            when share is null then 'no_positive_year'
            when paid_share is null then 'no_payments'
            when share_limit is null then 'few_peers'
        end as na_reason,
        coalesce(
            reversed_share >= cast({{ check_threshold('R16', 'reversed_share') }} as double), false
        )
            as is_reversed
    from measured

),

-- Every cell of the year, of those that fail alone.
evidence_cells as (

    select
        judged.project_id,
        judged.year_no,
        1 as part,
        investment.stat_period as happened_on,
        '' as place,
        unnest(investment.month_cells) as cell
    from judged
    inner join investment
        on
            judged.project_id = investment.project_id
            and judged.year_no = investment.year_no
    where judged.outcome = 'fail'

    union all by name

    select
        judged.project_id,
        judged.year_no,
        2 as part,
        payments.paid_on as happened_on,
        concat_ws('|', payments.account_bank, payments.flow_no) as place,
        payments.cell
    from judged
    inner join payments
        on
            judged.project_id = payments.project_id
            and payments.paid_on
            between make_date(judged.year_no, 1, 1) and make_date(judged.year_no + 1, 1, 31)
    where judged.outcome = 'fail'

    union all by name

    select
        judged.project_id,
        judged.year_no,
        3 as part,
        bought.stat_period as happened_on,
        '' as place,
        bought.cell
    from judged
    inner join bought
        on
            judged.project_id = bought.project_id
            and bought.stat_period
            between make_date(judged.year_no, 1, 1) and make_date(judged.year_no + 1, 1, 31)
    where judged.outcome = 'fail'

    union all by name

    select
        judged.project_id,
        judged.year_no,
        4 as part,
        make_date(judged.year_no, 12, 31) as happened_on,
        revisions.record_key || revisions.revision_no as place,
        {{ evidence_cell('fai', 'revisions', 'investment_month', 'revisions.old_value', 'old_') }}
            as cell
    from judged
    inner join revisions
        on
            judged.project_id = revisions.project_id
            and judged.year_no = revisions.year_no
    where judged.outcome = 'fail'

),

evidence as (

    select
        project_id,
        year_no,
        list(cell order by part, happened_on, place, struct_extract(cell, 'row_number')) as cells
    from evidence_cells
    group by project_id, year_no

),

final as (

    select
        judged.*,
        'project' as entity_type,
        cast(judged.year_no as varchar) as period,
        make_date(judged.year_no, 12, 31) as anchor_on,
        case
            when judged.outcome = 'fail'
                then case when judged.is_reversed then 'quarantine' else 'flag' end
        end as severity,
        judged.share as statistic,
        judged.share_limit as threshold,
        judged.december as observed,
        cast(judged.year_total * judged.paid_share as decimal(20, 2)) as expected,
        judged.reports as n_used,
        ['year_not_closed', 'no_payments', 'first_report', 'one_month_shift'] as exemptions_checked,
        list_concat(evidence.cells, coalesce(judged.negative_cells, [])) as evidence,
        {{ sentence(
            '{} 年 12 月本月完成 {} 万元，占全年 {} 万元的 {}；土建付款和设备购置 12 月（含前后一个月中较有利者）占 {}；至次年 4 月冲回 {} 万元',
            [
                'judged.year_no', 'judged.december', 'judged.year_total', 'round(judged.share, 4)',
                'round(judged.paid_share, 4)', 'judged.taken_back',
            ],
        ) }} as facts_zh,
        {{ sentence(
            'December {} reports {} of {} in the year, a share of {}; of payments for works and machines December, with the better neighbour month, has {}; {} was taken back by April',
            [
                'judged.year_no', 'judged.december', 'judged.year_total', 'round(judged.share, 4)',
                'round(judged.paid_share, 4)', 'judged.taken_back',
            ],
        ) }} as facts_en,
        {{ sentence(
            '12 月占比小于 {}（同行业 {} 个项目年度的 99% 分位数，至少 {}），或比付款占比高出不到 {}',
            [
                'judged.share_limit', 'judged.peers', check_threshold('R16', 'least_share'),
                check_threshold('R16', 'least_excess'),
            ],
        ) }} as relation_zh,
        {{ sentence(
            'December is under {} of the year (99 % quantile of {} years of peers, at least {}), or less than {} above its share of payments',
            [
                'judged.share_limit', 'judged.peers', check_threshold('R16', 'least_share'),
                check_threshold('R16', 'least_excess'),
            ],
        ) }} as relation_en
    from judged
    left join evidence
        on
            judged.project_id = evidence.project_id
            and judged.year_no = evidence.year_no

)

{{ check_answer('final') }}
