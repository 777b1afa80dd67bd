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
        district_code,
        project_id,
        project_code,
        stat_period,
        investment_month,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_check__fai') }}

),

filings as (

    select
        district_code,
        {{ project_code_key("project_code") }} as project_code,
        filing_date,
        file_sha256 as filing_file_sha256,
        sheet as filing_sheet,
        row_number as filing_row_number
    from {{ ref('int_filing__current') }}

),

-- Only a report that names a month before the filing is asked: the first report after entry may
-- hold the earlier months in one sum.
compared as (

    select
        reports.project_id,
        reports.project_code,
        reports.stat_period,
        reports.investment_month,
        reports.file_sha256,
        reports.sheet,
        reports.row_number,
        filings.filing_date,
        filings.filing_file_sha256,
        filings.filing_sheet,
        filings.filing_row_number,
        filings.filing_date is not null as is_filed,
        coalesce(
            reports.investment_month > 0
            and reports.stat_period < date_trunc('month', filings.filing_date),
            false
        ) as is_early
    from reports
    left join filings
        on
            reports.district_code = filings.district_code
            and reports.project_code = filings.project_code
    qualify
        row_number() over (
            partition by reports.project_id, reports.stat_period
            order by is_early desc, is_filed desc, reports.project_code
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
        compared.project_code,
        compared.investment_month,
        compared.file_sha256,
        compared.sheet,
        compared.row_number,
        compared.filing_date,
        compared.filing_file_sha256,
        compared.filing_sheet,
        compared.filing_row_number,
        case
            when compared.project_id is null or not compared.is_filed then 'na'
            when compared.is_early then 'fail'
            else 'pass'
        end as outcome,
        case
            when compared.project_id is null then 'no_report'
            when not compared.is_filed then 'no_filing'
        end as na_reason
    from spine
    left join compared
        on spine.project_id = compared.project_id and spine.stat_period = compared.stat_period

),

final as (

    select
        *,
        'project' as entity_type,
        case when outcome = 'fail' then 'block' end as severity,
        datediff('month', anchor_on, filing_date) as statistic,
        0 as threshold,
        investment_month as observed,
        case when outcome = 'fail' then 0 end as expected,
        1 as n_used,
        ['first_report'] as exemptions_checked,
        case
            when outcome = 'fail'
                then {{ evidence_list([
                    evidence_cell('fai', 'judged', 'investment_month'),
                    evidence_cell('filing', 'judged', 'filing_date', none, 'filing_'),
                ]) }}
            else {{ no_evidence() }}
        end as evidence,
        {{ sentence(
            '项目代码 {} 于 {} 备案，{} 的月报已填本月完成 {} 万元',
            ['project_code', 'filing_date', 'period', 'investment_month'],
        ) }} as facts_zh,
        {{ sentence(
            'code {} was filed on {}, the report of {} already holds a month of {}',
            ['project_code', 'filing_date', 'period', 'investment_month'],
        ) }} as facts_en,
        '备案之前的月份没有投资；入库首报可把以前月份并入当月' as relation_zh,
        'no investment in a month before the filing; the first report after it may hold them'
            as relation_en
    from judged

)

{{ check_answer('final') }}
