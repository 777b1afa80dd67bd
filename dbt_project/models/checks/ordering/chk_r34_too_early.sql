with

projects as (

    select
        district_code,
        project_id,
        entity_id,
        signing_row_no,
        reporting_unit,
        uscc,
        coalesce(is_expansion, false) as is_expansion
    from {{ ref('int_check__project') }}
    where is_in_ledger

),

rules as (

    select
        cast({{ check_threshold('R34', 'trailing_months') }} as integer) as trailing_months,
        cast({{ check_threshold('R34', 'months_after_production') }} as integer)
            as months_after_production

),

recognitions as (

    select
        project_id,
        recognition_kind,
        uscc,
        actual_on,
        recognised_on,
        actual_cell,
        recognised_cell
    from {{ ref('int_check__recognition') }}
    where recognition_kind in ('投产', '达效')

),

ledger as (

    select
        district_code,
        signing_row_no,
        land_area,
        expected_sales,
        expected_tax,
        {{ evidence_cell('signing', 'signing', 'land_area') }} as land_cell,
        {{ evidence_cell('signing', 'signing', 'expected_sales') }} as sales_cell,
        {{ evidence_cell('signing', 'signing', 'expected_tax') }} as tax_cell
    from {{ ref('int_signing__current') }} as signing

),

agreements as (

    select
        district_code,
        signing_row_no,
        agreed_sales,
        agreed_tax,
        agreed_tax_per_mu,
        agreed_land_area,
        {{ evidence_cell('agreement', 'agreement', 'agreed_sales') }} as sales_cell,
        {{ evidence_cell('agreement', 'agreement', 'agreed_tax') }} as tax_cell,
        {{ evidence_cell('agreement', 'agreement', 'agreed_tax_per_mu') }} as per_mu_cell,
        {{ evidence_cell('agreement', 'agreement', 'agreed_land_area') }} as land_cell
    from {{ ref('int_agreement__current') }} as agreement

),

first_investments as (

    select
        project_id,
        min(stat_period) as first_invested_on
    from {{ ref('int_check__investment') }}
    where investment_month > 0
    group by project_id

),

claims as (

    select
        projects.district_code,
        projects.project_id,
        projects.entity_id,
        projects.reporting_unit,
        projects.is_expansion,
        rules.trailing_months,
        rules.months_after_production,
        on_target.project_id is not null as is_claimed,
        coalesce(on_target.uscc, projects.uscc) as uscc,
        on_target.actual_on,
        on_target.recognised_on,
        on_target.actual_cell,
        on_target.recognised_cell,
        produced.actual_on as produced_on,
        produced.actual_cell as produced_cell,
        -- metrics.md "Stages" 6: the agreement's terms, else the ledger's expectation.
        case
            when agreements.agreed_sales > 0 then agreements.agreed_sales else ledger.expected_sales
        end
            as due_sales,
        case when agreements.agreed_sales > 0 then agreements.sales_cell else ledger.sales_cell end
            as due_sales_cell,
        case
            when agreements.agreed_tax > 0 then agreements.agreed_tax
            when agreements.agreed_tax_per_mu > 0
                then
                    cast(agreements.agreed_tax_per_mu as decimal(24, 6))
                    * coalesce(agreements.agreed_land_area, ledger.land_area, 0)
            else ledger.expected_tax
        end as due_tax,
        case
            when agreements.agreed_tax > 0 then [agreements.tax_cell]
            when agreements.agreed_tax_per_mu > 0
                then [
                    agreements.per_mu_cell,
                    case
                        when agreements.agreed_land_area is not null then agreements.land_cell
                        else ledger.land_cell
                    end,
                ]
            else [ledger.tax_cell]
        end as due_tax_cells,
        last_day(on_target.recognised_on - interval 1 month) as last_month,
        case
            when projects.is_expansion
                then last_day(first_investments.first_invested_on - interval 1 month)
        end as base_month
    from projects
    cross join rules
    left join recognitions as on_target
        on projects.project_id = on_target.project_id and on_target.recognition_kind = '达效'
    left join recognitions as produced
        on projects.project_id = produced.project_id and produced.recognition_kind = '投产'
    left join ledger
        on
            projects.district_code = ledger.district_code
            and projects.signing_row_no = ledger.signing_row_no
    left join agreements
        on
            projects.district_code = agreements.district_code
            and projects.signing_row_no = agreements.signing_row_no
    left join first_investments on projects.project_id = first_investments.project_id

),

-- The months that are asked: those before the recognition, and those before an expansion began.
windows as (

    select
        district_code,
        project_id,
        uscc,
        1 as sign_of_month,
        last_day(last_month - to_months(trailing_months)) as after_month,
        last_month as to_month
    from claims
    where is_claimed

    union all by name

    select
        district_code,
        project_id,
        uscc,
        -1 as sign_of_month,
        last_day(base_month - to_months(trailing_months)) as after_month,
        base_month as to_month
    from claims
    where is_claimed and base_month is not null

),

sales as (

    select
        district_code,
        uscc,
        stat_period,
        invoiced_sales,
        tax_filing_kind,
        {{ evidence_cell('sales', 'sales', 'invoiced_sales') }} as cell
    from {{ ref('fct_sales_month') }} as sales

),

-- Relief is tax that a policy waived: it counts as reached (checks.md, exemptions).
taxes as (

    select
        tax.district_code,
        tax.uscc,
        last_day(coalesce(tax.tax_treasury_date, tax.stat_period)) as stat_period,
        tax.tax_paid,
        coalesce(tax.tax_relief, 0) as tax_relief,
        {{ evidence_cell('tax', 'tax', 'tax_paid') }} as paid_cell,
        {{ evidence_cell('tax', 'tax', 'tax_relief') }} as relief_cell
    from {{ ref('fct_tax') }} as tax
    left join {{ ref('tax_item_scope') }} as scope on tax.tax_item = scope.tax_item
    where coalesce(scope.counts_on_target, true)

),

periods as (

    select distinct
        district_code,
        stat_period,
        'sales' as source
    from sales

    union all

    select distinct
        district_code,
        stat_period,
        'tax' as source
    from taxes

),

delivered as (

    select
        district_code,
        stat_period,
        count(*) = 2 as is_delivered
    from periods
    group by district_code, stat_period

),

months_seen as (

    select
        windows.project_id,
        windows.sign_of_month,
        count(*) filter (where delivered.is_delivered) as months
    from windows
    inner join delivered
        on
            windows.district_code = delivered.district_code
            and windows.after_month < delivered.stat_period
            and windows.to_month >= delivered.stat_period
    group by windows.project_id, windows.sign_of_month

),

seen as (

    select
        project_id,
        max(months) filter (where sign_of_month = 1) as held_months,
        max(months) filter (where sign_of_month = -1) as base_months
    from months_seen
    group by project_id

),

sold as (

    select
        windows.project_id,
        sum(sales.invoiced_sales * windows.sign_of_month) as sales_reached,
        bool_or(coalesce(sales.tax_filing_kind = '汇总', false)) as is_consolidated,
        list(sales.cell order by sales.stat_period) as sales_cells
    from windows
    inner join sales
        on
            windows.district_code = sales.district_code
            and windows.uscc = sales.uscc
            and windows.after_month < sales.stat_period
            and windows.to_month >= sales.stat_period
    group by windows.project_id

),

taxed as (

    select
        windows.project_id,
        sum((taxes.tax_paid + taxes.tax_relief) * windows.sign_of_month) as tax_reached,
        list_concat(
            list(taxes.paid_cell order by taxes.paid_cell),
            list(taxes.relief_cell order by taxes.relief_cell) filter (
                where taxes.tax_relief <> 0
            )
        ) as tax_cells
    from windows
    inner join taxes
        on
            windows.district_code = taxes.district_code
            and windows.uscc = taxes.uscc
            and windows.after_month < taxes.stat_period
            and windows.to_month >= taxes.stat_period
    group by windows.project_id

),

measured as (

    select
        claims.*,
        coalesce(sold.sales_reached, 0) as sales_reached,
        coalesce(sold.is_consolidated, false) as is_consolidated,
        sold.sales_cells,
        coalesce(taxed.tax_reached, 0) as tax_reached,
        taxed.tax_cells,
        coalesce(seen.held_months, 0) as held_months,
        coalesce(seen.base_months, 0) as base_months,
        coalesce(
            claims.actual_on
            < claims.produced_on + to_months(claims.months_after_production),
            false
        ) as is_too_soon
    from claims
    left join sold on claims.project_id = sold.project_id
    left join taxed on claims.project_id = taxed.project_id
    left join seen on claims.project_id = seen.project_id

),

judged as (

    select
        *,
        case
            when not is_claimed then 'not_recognised'
            when is_too_soon then null
            when uscc is null then 'owner_unknown'
            when due_sales is null and due_tax is null then 'no_terms'
            when held_months < trailing_months then 'months_not_delivered'
            when is_expansion and base_months < trailing_months then 'no_base_year'
            when is_consolidated then 'consolidated_filing'
        end as na_reason,
        case
            when is_too_soon then 'too_soon'
            when
                sales_reached < due_sales
                and (tax_reached * due_sales >= sales_reached * due_tax or due_tax is null)
                then 'sales'
            when tax_reached < due_tax then 'tax'
            when sales_reached < due_sales then 'sales'
        end as clause,
        case when is_expansion then '（已减扩产前基数）' else '' end as less_zh,
        case when is_expansion then 'less those before the expansion, ' else '' end as less_en
    from measured

),

final as (

    select
        *,
        'project' as entity_type,
        case
            when na_reason is not null then 'na'
            when clause is not null then 'fail'
            else 'pass'
        end as outcome,
        case when na_reason is null and clause is not null then 'quarantine' end as severity,
        case
            when na_reason is not null then null
            when is_too_soon then datediff('day', produced_on, actual_on)
            when
                clause = 'tax'
                then cast(tax_reached as double) / nullif(cast(due_tax as double), 0)
            else cast(sales_reached as double) / nullif(cast(due_sales as double), 0)
        end as statistic,
        case when is_too_soon then months_after_production else 1 end as threshold,
        case clause when 'sales' then sales_reached when 'tax' then tax_reached end as observed,
        case clause when 'sales' then due_sales when 'tax' then due_tax end as expected,
        held_months as n_used,
        ['tax_relief', 'one_off_land_tax', 'expansion_base', 'consolidated_filing']
            as exemptions_checked,
        case
            when na_reason is not null or clause is null then {{ no_evidence() }}
            when clause = 'too_soon' then [actual_cell, produced_cell]
            when clause = 'sales'
                then list_filter(
                    [recognised_cell, due_sales_cell] || coalesce(sales_cells, []),
                    lambda c: c.value is not null
                )
            else list_filter(
                [recognised_cell] || due_tax_cells || coalesce(tax_cells, []),
                lambda c: c.value is not null
            )
        end as evidence,
        case clause
            when 'too_soon'
                then {{ sentence('{} 投产，{} 即认定达效', ['produced_on', 'actual_on']) }}
            when 'tax'
                then {{ sentence(
                    '{} 认定达效，此前 {} 个月税收（含减免）{} {} 万元，约定 {} 万元',
                    ['recognised_on', 'trailing_months', 'less_zh', 'tax_reached', 'due_tax'],
                ) }}
            else {{ sentence(
                '{} 认定达效，此前 {} 个月开票销售{} {} 万元，约定 {} 万元',
                ['recognised_on', 'trailing_months', 'less_zh', 'sales_reached', 'due_sales'],
            ) }}
        end as facts_zh,
        case clause
            when 'too_soon'
                then {{ sentence(
                    'produced on {}, on target already on {}', ['produced_on', 'actual_on'],
                ) }}
            when 'tax'
                then {{ sentence(
                    'on target recognised on {}; tax of the {} months before {}{}, agreed {}',
                    ['recognised_on', 'trailing_months', 'less_en', 'tax_reached', 'due_tax'],
                ) }}
            else {{ sentence(
                'on target recognised on {}; sales of the {} months before {}{}, agreed {}',
                ['recognised_on', 'trailing_months', 'less_en', 'sales_reached', 'due_sales'],
            ) }}
        end as facts_en,
        case clause
            when 'too_soon'
                then {{ sentence('达效在投产满 {} 个月之后', ['months_after_production']) }}
            when 'tax'
                then {{ sentence(
                    '税收不低于约定；差 {} 万元', ['due_tax - tax_reached'],
                ) }}
            else {{ sentence(
                '开票销售不低于约定；差 {} 万元', ['due_sales - sales_reached'],
            ) }}
        end as relation_zh,
        case clause
            when 'too_soon'
                then {{ sentence(
                    'on target is {} months or more after production', ['months_after_production'],
                ) }}
            when 'tax'
                then {{ sentence(
                    'tax is not below what was agreed; it lacks {}', ['due_tax - tax_reached'],
                ) }}
            else {{ sentence(
                'sales are not below what was agreed; they lack {}', ['due_sales - sales_reached'],
            ) }}
        end as relation_en
    from judged

)

{{ check_answer('final') }}
