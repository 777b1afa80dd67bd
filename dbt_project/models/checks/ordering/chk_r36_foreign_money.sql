with

projects as (

    select
        district_code,
        project_id,
        entity_id,
        signing_row_no,
        reporting_unit,
        uscc
    from {{ ref('int_check__project') }}
    where is_in_ledger

),

ledger as (

    select
        district_code,
        signing_row_no,
        agreed_foreign_capital as agreed_yuan,
        {{ check_threshold('R36', 'cny_per_usd') }} as cny_per_usd,
        -- The ledger's dollars land in yuan at the platform's rate; arrivals stay in dollars.
        cast(
            agreed_foreign_capital / {{ check_threshold('R36', 'cny_per_usd') }} as decimal(18, 4)
        ) as agreed_usd,
        {{ evidence_cell('signing', 'signing', 'agreed_foreign_capital') }} as agreed_cell
    from {{ ref('int_signing__current') }} as signing

),

arrivals as (

    select
        projects.district_code,
        projects.project_id,
        projects.entity_id,
        fdi.fdi_no,
        fdi.arrived_date,
        fdi.amount_usd,
        fdi.outflow_usd,
        coalesce(
            fdi.payee_related
            and fdi.amount_usd > 0
            and fdi.outflow_usd
            >= fdi.amount_usd * {{ check_threshold('R36', 'outflow_share') }},
            false
        ) as is_gone,
        {{ evidence_cell('fdi', 'fdi', 'fdi_no') }} as number_cell,
        {{ evidence_cell('fdi', 'fdi', 'amount_usd') }} as amount_cell,
        {{ evidence_cell('fdi', 'fdi', 'outflow_usd') }} as outflow_cell,
        {{ evidence_cell('fdi', 'fdi', 'payee_related') }} as payee_cell
    from {{ ref('int_fdi__current') }} as fdi
    inner join projects
        on
            fdi.district_code = projects.district_code
            and fdi.signing_row_no = projects.signing_row_no
    where not fdi.is_withdrawn and fdi.arrived_date <= {{ as_of() }}

),

-- One number under more than one project.
doubled as (

    select
        district_code,
        fdi_no,
        count(distinct entity_id) as projects,
        list(number_cell order by entity_id) as number_cells
    from arrivals
    group by district_code, fdi_no
    having count(distinct entity_id) > 1

),

totals as (

    select
        arrivals.project_id,
        count(*) as arrivals,
        sum(arrivals.amount_usd) as arrived,
        list(arrivals.amount_cell order by arrivals.arrived_date, arrivals.fdi_no)
            as amount_cells,
        min(doubled.fdi_no) as doubled_no,
        arg_min(doubled.projects, doubled.fdi_no) as doubled_projects,
        arg_min(doubled.number_cells, doubled.fdi_no) as number_cells
    from arrivals
    left join doubled
        on
            arrivals.district_code = doubled.district_code
            and arrivals.fdi_no = doubled.fdi_no
    group by arrivals.project_id

),

-- The arrival of which most went out again.
gone as (

    select
        project_id,
        fdi_no,
        arrived_date,
        amount_usd,
        outflow_usd,
        [amount_cell, outflow_cell, payee_cell] as gone_cells
    from arrivals
    where is_gone
    qualify
        row_number() over (
            partition by project_id
            order by outflow_usd / amount_usd desc, arrived_date, fdi_no
        ) = 1

),

judged as (

    select
        projects.district_code,
        projects.project_id,
        projects.entity_id,
        projects.reporting_unit,
        projects.uscc,
        ledger.agreed_yuan,
        ledger.agreed_usd,
        ledger.cny_per_usd,
        ledger.agreed_cell,
        totals.arrivals,
        totals.arrived,
        totals.amount_cells,
        totals.doubled_no,
        totals.doubled_projects,
        totals.number_cells,
        gone.fdi_no as gone_no,
        gone.arrived_date,
        gone.amount_usd,
        gone.outflow_usd,
        gone.gone_cells,
        case
            when totals.project_id is null then null
            when totals.doubled_no is not null then 'doubled'
            when gone.project_id is not null then 'gone'
            when
                totals.arrived
                > ledger.agreed_usd * {{ check_threshold('R36', 'agreed_multiple') }}
                then 'beyond'
        end as clause
    from projects
    left join ledger
        on
            projects.district_code = ledger.district_code
            and projects.signing_row_no = ledger.signing_row_no
    left join totals on projects.project_id = totals.project_id
    left join gone on projects.project_id = gone.project_id

),

final as (

    select
        *,
        'project' as entity_type,
        case
            when arrivals is null then 'na'
            when clause is not null then 'fail'
            else 'pass'
        end as outcome,
        case when arrivals is null then 'no_arrival' end as na_reason,
        case when clause is not null then 'quarantine' end as severity,
        case clause
            when 'doubled' then doubled_projects
            when 'gone' then cast(outflow_usd as double) / cast(amount_usd as double)
            else cast(arrived as double) / nullif(cast(agreed_usd as double), 0)
        end as statistic,
        case clause
            when 'doubled' then 1
            when 'gone' then {{ check_threshold('R36', 'outflow_share') }}
            else {{ check_threshold('R36', 'agreed_multiple') }}
        end as threshold,
        case clause when 'gone' then outflow_usd when 'beyond' then arrived end as observed,
        case clause
            when 'gone' then amount_usd * {{ check_threshold('R36', 'outflow_share') }}
            when 'beyond' then agreed_usd
        end as expected,
        arrivals as n_used,
        ['increase_on_record', 'unrelated_payee'] as exemptions_checked,
        case clause
            when 'doubled' then number_cells
            when 'gone' then gone_cells
            when 'beyond' then list_concat([agreed_cell], amount_cells)
            else {{ no_evidence() }}
        end as evidence,
        case clause
            when 'doubled'
                then {{ sentence(
                    '到账编号 {} 列在 {} 个项目下', ['doubled_no', 'doubled_projects'],
                ) }}
            when 'gone'
                then {{ sentence(
                    '{}（编号 {}）到账 {} 万美元，三十日内转给关联方 {} 万美元',
                    ['arrived_date', 'gone_no', 'amount_usd', 'outflow_usd'],
                ) }}
            else {{ sentence(
                '{} 笔到账合计 {} 万美元；协议外资 {} 万元，按 {} 折 {} 万美元',
                ['arrivals', 'arrived', 'agreed_yuan', 'cny_per_usd', 'agreed_usd'],
            ) }}
        end as facts_zh,
        case clause
            when 'doubled'
                then {{ sentence(
                    'arrival {} is listed under {} projects', ['doubled_no', 'doubled_projects'],
                ) }}
            when 'gone'
                then {{ sentence(
                    'arrival {} of {}: {}, of which {} left for a related payee',
                    ['gone_no', 'arrived_date', 'amount_usd', 'outflow_usd'],
                ) }}
            else {{ sentence(
                '{} arrivals of together {}; agreed {} in yuan, at {} it is {} (10,000 USD)',
                ['arrivals', 'arrived', 'agreed_yuan', 'cny_per_usd', 'agreed_usd'],
            ) }}
        end as facts_en,
        case clause
            when 'doubled' then '一笔到账只计一个项目'
            when 'gone'
                then {{ sentence(
                    '三十日内转给关联方的不到 {} 倍', [check_threshold('R36', 'outflow_share')],
                ) }}
            else {{ sentence(
                '到账合计不超过协议外资；超出 {} 万美元', ['arrived - agreed_usd'],
            ) }}
        end as relation_zh,
        case clause
            when 'doubled' then 'one arrival counts for one project'
            when 'gone'
                then {{ sentence(
                    'less than {} of an arrival leaves for a related payee within thirty days',
                    [check_threshold('R36', 'outflow_share')],
                ) }}
            else {{ sentence(
                'arrivals do not exceed the agreed capital; they do by {}',
                ['arrived - agreed_usd'],
            ) }}
        end as relation_en
    from judged

)

{{ check_answer('final') }}
