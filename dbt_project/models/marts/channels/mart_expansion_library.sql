-- 增资扩产: what a firm asks for, what it sold and paid before, what it sells and pays now, and how far
-- its project came. Increments are of the firm's last twelve months over its base year; tax leaves
-- out what 达效 leaves out (metrics.md stage 6).

with

entries as (

    select
        district_code,
        expansion_no,
        uscc,
        company_name,
        expansion_driver,
        planned_investment,
        land_need,
        funding_need,
        base_year,
        base_sales,
        base_tax,
        expansion_status,
        {{ project_code_key("project_code") }} as project_code,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_expansion__current') }}

),

code_links as (

    select
        district_code,
        project_code,
        project_id
    from {{ ref('int_match__project_code') }}

),

stages as (

    select
        project_id,
        reporting_unit,
        industry_section,
        filed_claimed_on,
        filed_evidenced_on,
        started_claimed_on,
        started_evidenced_on,
        produced_claimed_on,
        produced_evidenced_on,
        on_target_claimed_on,
        on_target_evidenced_on,
        is_held_back,
        withdrawn_on,
        investment_cum,
        has_investment_report
    from {{ ref('fct_project_funnel') }}

),

firms as (

    select
        district_code,
        uscc,
        reporting_unit,
        industry_section
    from {{ ref('int_land__firm') }}
    where is_latest

),

sales as (

    select
        district_code,
        uscc,
        stat_period as month_end,
        invoiced_sales
    from {{ ref('int_sales__current') }}

),

item_scope as (

    select
        tax_item,
        counts_on_target
    from {{ ref('tax_item_scope') }}

),

taxes as (

    select
        payments.district_code,
        payments.uscc,
        last_day(coalesce(payments.tax_treasury_date, payments.stat_period)) as month_end,
        payments.tax_paid_yuan
    from {{ ref('fct_tax') }} as payments
    left join item_scope on payments.tax_item = item_scope.tax_item
    where coalesce(item_scope.counts_on_target, true)

),

windows as (

    select
        window_start,
        window_end
    from {{ ref('int_land__year') }}
    where is_latest

),

-- A month of the window or of the base year that nobody delivered is not a month without sales.
delivered_sales as (

    select distinct
        district_code,
        month_end
    from sales

),

delivered_taxes as (

    select distinct
        district_code,
        stat_period as month_end
    from {{ ref('int_tax__current') }}

),

coverage as (

    select
        entries.district_code,
        entries.expansion_no,
        (
            select count(*)
            from delivered_sales
            where
                delivered_sales.district_code = entries.district_code
                and delivered_sales.month_end between windows.window_start and windows.window_end
        ) as sales_months,
        (
            select count(*)
            from delivered_taxes
            where
                delivered_taxes.district_code = entries.district_code
                and delivered_taxes.month_end between windows.window_start and windows.window_end
        ) as tax_months
    from entries
    cross join windows

),

current_sales as (

    select
        sales.district_code,
        sales.uscc,
        sum(sales.invoiced_sales) as invoiced_sales
    from sales
    inner join windows on sales.month_end between windows.window_start and windows.window_end
    group by sales.district_code, sales.uscc

),

current_tax as (

    select
        taxes.district_code,
        taxes.uscc,
        sum(taxes.tax_paid_yuan) as tax_yuan
    from taxes
    inner join windows on taxes.month_end between windows.window_start and windows.window_end
    group by taxes.district_code, taxes.uscc

),

base_year_sales as (

    select
        district_code,
        uscc,
        year(month_end) as base_year,
        sum(invoiced_sales) as invoiced_sales
    from sales
    group by district_code, uscc, year(month_end)

),

base_year_tax as (

    select
        district_code,
        uscc,
        year(month_end) as base_year,
        sum(tax_paid_yuan) as tax_yuan
    from taxes
    group by district_code, uscc, year(month_end)

),

joined as (

    select
        entries.district_code,
        entries.expansion_no,
        entries.uscc,
        entries.company_name,
        coalesce(stages.reporting_unit, firms.reporting_unit, '未知') as reporting_unit,
        coalesce(stages.industry_section, firms.industry_section, '未知') as industry_section,
        entries.expansion_driver,
        entries.expansion_status,
        entries.planned_investment,
        entries.land_need,
        entries.funding_need,
        entries.base_year,
        entries.base_sales,
        entries.base_tax,
        base_year_sales.invoiced_sales as delivered_base_sales,
        cast(base_year_tax.tax_yuan * 0.0001 as decimal(20, 4)) as delivered_base_tax,
        case when coverage.sales_months > 0 then coalesce(current_sales.invoiced_sales, 0) end
            as current_sales,
        case
            when coverage.tax_months > 0
                then cast(coalesce(current_tax.tax_yuan, 0) * 0.0001 as decimal(20, 4))
        end as current_tax,
        entries.project_code,
        code_links.project_id,
        stages.started_evidenced_on,
        stages.produced_evidenced_on,
        stages.on_target_evidenced_on,
        case when stages.has_investment_report then stages.investment_cum end as investment_cum,
        case
            when code_links.project_id is null then '无项目'
            when stages.withdrawn_on is not null then '退出'
            when stages.on_target_evidenced_on is not null then '达效'
            when stages.produced_evidenced_on is not null then '投产'
            when stages.started_evidenced_on is not null then '开工'
            when stages.filed_evidenced_on is not null then '备案'
            else '签约'
        end as outcome_evidenced,
        stages.is_held_back,
        case
            when code_links.project_id is null then '无项目'
            when stages.withdrawn_on is not null then '退出'
            when stages.on_target_claimed_on is not null then '达效'
            when stages.produced_claimed_on is not null then '投产'
            when stages.started_claimed_on is not null then '开工'
            when stages.filed_claimed_on is not null then '备案'
            else '签约'
        end as outcome_claimed,
        entries.file_sha256,
        entries.sheet,
        entries.row_number
    from entries
    inner join coverage
        on
            entries.district_code = coverage.district_code
            and entries.expansion_no = coverage.expansion_no
    left join code_links
        on
            entries.district_code = code_links.district_code
            and entries.project_code = code_links.project_code
    left join stages on code_links.project_id = stages.project_id
    left join firms
        on
            entries.district_code = firms.district_code
            and entries.uscc = firms.uscc
    left join current_sales
        on
            entries.district_code = current_sales.district_code
            and entries.uscc = current_sales.uscc
    left join current_tax
        on
            entries.district_code = current_tax.district_code
            and entries.uscc = current_tax.uscc
    left join base_year_sales
        on
            entries.district_code = base_year_sales.district_code
            and entries.uscc = base_year_sales.uscc
            and entries.base_year = base_year_sales.base_year
    left join base_year_tax
        on
            entries.district_code = base_year_tax.district_code
            and entries.uscc = base_year_tax.uscc
            and entries.base_year = base_year_tax.base_year

),

final as (

    select
        joined.district_code,
        joined.expansion_no,
        joined.uscc,
        joined.company_name,
        joined.reporting_unit,
        joined.industry_section,
        joined.expansion_driver,
        joined.expansion_status,
        cast(joined.planned_investment as decimal(20, 4)) as planned_investment,
        cast(joined.land_need as decimal(20, 4)) as land_need,
        cast(joined.funding_need as decimal(20, 4)) as funding_need,
        joined.base_year,
        cast(joined.base_sales as decimal(20, 4)) as base_sales,
        cast(joined.base_tax as decimal(20, 4)) as base_tax,
        cast(joined.delivered_base_sales as decimal(20, 4)) as delivered_base_sales,
        joined.delivered_base_tax,
        cast(joined.current_sales as decimal(20, 4)) as current_sales,
        joined.current_tax,
        cast(joined.current_sales - joined.base_sales as decimal(20, 4)) as sales_increment,
        cast(joined.current_tax - joined.base_tax as decimal(20, 4)) as tax_increment,
        {{ exact_ratio("(joined.current_sales - joined.base_sales)", "joined.base_sales") }}
            as sales_growth,
        {{ exact_ratio("(joined.current_tax - joined.base_tax)", "joined.base_tax") }}
            as tax_growth,
        joined.project_code,
        joined.project_id,
        joined.started_evidenced_on,
        joined.produced_evidenced_on,
        joined.on_target_evidenced_on,
        cast(joined.investment_cum as decimal(20, 4)) as investment_cum,
        joined.outcome_evidenced,
        joined.is_held_back,
        joined.outcome_claimed,
        'expansion' as source,
        joined.file_sha256,
        joined.sheet,
        joined.row_number,
        {{ as_of() }} as as_of,
        {{ known_on() }} as known_on
    from joined

)

select
    district_code,
    expansion_no,
    uscc,
    company_name,
    reporting_unit,
    industry_section,
    expansion_driver,
    expansion_status,
    planned_investment,
    land_need,
    funding_need,
    base_year,
    base_sales,
    base_tax,
    delivered_base_sales,
    delivered_base_tax,
    current_sales,
    current_tax,
    sales_increment,
    tax_increment,
    sales_growth,
    tax_growth,
    project_code,
    project_id,
    started_evidenced_on,
    produced_evidenced_on,
    on_target_evidenced_on,
    investment_cum,
    outcome_evidenced,
    is_held_back,
    outcome_claimed,
    source,
    file_sha256,
    sheet,
    row_number,
    as_of,
    known_on
from final
