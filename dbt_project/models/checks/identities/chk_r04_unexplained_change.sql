with

spine as (

    select
        district_code,
        project_id,
        entity_id,
        uscc,
        reporting_unit,
        stat_period,
        period
    from {{ ref('int_check__project_month') }}

),

reports as (

    select
        project_id,
        project_code,
        stat_period,
        investment_month,
        investment_cum,
        previous_cum,
        previous_cum_then,
        previous_file_sha256,
        previous_sheet,
        previous_row_number,
        coalesce(submission_kind = '更正' and revision_reason is not null, false) as is_explained,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_check__fai') }}

),

-- What a later delivery raised: by more than the share allowed, or at all after the yearly closing
-- date, without a reason.
revisions as (

    select
        project_id,
        split_part(record_key, '|', 2) as project_code,
        stat_period,
        figure,
        old_value,
        new_value,
        old_received_on,
        received_on,
        revision_reason,
        make_date(
            year(stat_period) + 1,
            cast({{ check_threshold('R04', 'closing_month') }} as integer),
            cast({{ check_threshold('R04', 'closing_day') }} as integer)
        ) as closing_on,
        old_file_sha256,
        old_sheet,
        old_row_number,
        file_sha256,
        sheet,
        row_number
    from {{ ref('fct_figure_revision') }}
    where
        source = 'fai'
        and figure in ('investment_month', 'investment_cum')
        and old_value is not null
        and new_value > old_value

),

clauses as (

    select
        project_id,
        project_code,
        stat_period,
        'negative' as clause,
        'investment_month' as figure,
        investment_month < 0 as is_broken,
        is_explained,
        investment_month as observed,
        cast(0 as decimal(20, 4)) as expected,
        cast(null as date) as old_received_on,
        cast(null as date) as received_on,
        file_sha256,
        sheet,
        row_number,
        cast(null as varchar) as old_file_sha256,
        cast(null as varchar) as old_sheet,
        cast(null as bigint) as old_row_number
    from reports

    union all by name

    select
        project_id,
        project_code,
        stat_period,
        'fall' as clause,
        'investment_cum' as figure,
        investment_cum < previous_cum
        and investment_cum < coalesce(previous_cum_then, previous_cum) as is_broken,
        is_explained,
        investment_cum as observed,
        previous_cum as expected,
        file_sha256,
        sheet,
        row_number,
        previous_file_sha256 as old_file_sha256,
        previous_sheet as old_sheet,
        previous_row_number as old_row_number
    from reports
    where previous_cum is not null

    union all by name

    select
        project_id,
        project_code,
        stat_period,
        'raised' as clause,
        figure,
        new_value > old_value * (1 + {{ check_threshold('R04', 'raise_share') }})
        or received_on > closing_on as is_broken,
        revision_reason is not null as is_explained,
        new_value as observed,
        old_value as expected,
        old_received_on,
        received_on,
        file_sha256,
        sheet,
        row_number,
        old_file_sha256,
        old_sheet,
        old_row_number
    from revisions

),

worst as (

    select
        *,
        count(*) over (partition by project_id, stat_period) as n_used
    from clauses
    qualify
        row_number() over (
            partition by project_id, stat_period
            order by
                is_broken and not is_explained desc, abs(observed - expected) desc, project_code,
                clause, figure, received_on
        ) = 1

),

judged as (

    select
        spine.district_code,
        spine.entity_id,
        spine.reporting_unit,
        spine.period,
        spine.stat_period as anchor_on,
        spine.project_id,
        spine.uscc,
        worst.project_code,
        worst.clause,
        worst.figure,
        worst.observed,
        worst.expected,
        worst.old_received_on,
        worst.received_on,
        worst.n_used,
        worst.file_sha256,
        worst.sheet,
        worst.row_number,
        worst.old_file_sha256,
        worst.old_sheet,
        worst.old_row_number,
        case
            when worst.project_id is null then 'na'
            when worst.is_broken and not worst.is_explained then 'fail'
            else 'pass'
        end as outcome,
        case when worst.project_id is null then 'no_report' end as na_reason
    from spine
    left join worst on spine.project_id = worst.project_id and spine.stat_period = worst.stat_period

),

final as (

    select
        *,
        'project' as entity_type,
        case when outcome = 'fail' then 'quarantine' end as severity,
        observed - expected as statistic,
        0 as threshold,
        ['correction_with_reason', 'neighbour_corrected'] as exemptions_checked,
        case
            when outcome <> 'fail'
                then {{ no_evidence() }}
            when clause = 'negative'
                then
                    {{ evidence_list([
                        evidence_cell('fai', 'judged', 'investment_month', 'judged.observed'),
                    ]) }}
            when figure = 'investment_month'
                then {{ evidence_list([
                    evidence_cell('fai', 'judged', 'investment_month', 'judged.observed'),
                    evidence_cell('fai', 'judged', 'investment_month', 'judged.expected', 'old_'),
                ]) }}
            else {{ evidence_list([
                evidence_cell('fai', 'judged', 'investment_cum', 'judged.observed'),
                evidence_cell('fai', 'judged', 'investment_cum', 'judged.expected', 'old_'),
            ]) }}
        end as evidence,
        case clause
            when 'negative'
                then {{ sentence(
                    '项目代码 {} 在 {} 报本月完成 {} 万元，没有更正说明',
                    ['project_code', 'period', 'observed'],
                ) }}
            when 'fall'
                then {{ sentence(
                    '项目代码 {} 在 {} 报自开始累计 {} 万元，上期累计 {} 万元，没有更正说明',
                    ['project_code', 'period', 'observed', 'expected'],
                ) }}
            else {{ sentence(
                '项目代码 {} 的 {} 月报于 {} 收到时为 {} 万元，{} 再报改为 {} 万元，没有说明原因',
                ['project_code', 'period', 'old_received_on', 'expected', 'received_on', 'observed'],
            ) }}
        end as facts_zh,
        case clause
            when 'negative'
                then {{ sentence(
                    'code {} reports for {} a month of {} without a correction that says why',
                    ['project_code', 'period', 'observed'],
                ) }}
            when 'fall'
                then {{ sentence(
                    'code {} reports for {} a cumulative of {}, before it {}; no correction says why',
                    ['project_code', 'period', 'observed', 'expected'],
                ) }}
            else {{ sentence(
                'the report of {} for {}, received {}, said {}; that of {} says {} and no reason',
                ['project_code', 'period', 'old_received_on', 'expected', 'received_on', 'observed'],
            ) }}
        end as facts_en,
        case clause
            when 'raised' then '已报数据不再无故调增；年度关账后不再改动'
            else '累计不减少，本月不为负；确需冲减的应注明更正和原因'
        end as relation_zh,
        case clause
            when
                'raised'
                then 'what was published is not raised without a reason, nor after closing'
            else 'a cumulative never falls and a month is never negative, unless a 更正 says why'
        end as relation_en
    from judged

)

{{ check_answer('final') }}
