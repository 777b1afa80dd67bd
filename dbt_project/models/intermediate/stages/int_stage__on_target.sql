-- metrics.md "Stages" 6, evidenced: the first month, at least 6 months after production, whose
-- trailing 12 months of the firm's treasury tax and of invoiced sales reach what was agreed (else
-- expected).

with

projects as (

    select
        project_id,
        district_code,
        signing_row_no,
        uscc,
        is_expansion,
        expected_sales,
        expected_tax
    from {{ ref('int_project') }}

),

agreements as (

    select
        district_code,
        signing_row_no,
        agreed_sales,
        agreed_tax,
        agreed_tax_per_mu,
        agreed_land_area
    from {{ ref('int_agreement__current') }}

),

starts as (

    select
        project_id,
        started_on
    from {{ ref('int_stage__start') }}

),

-- Evidenced 达效 needs evidenced 投产.
productions as (

    select
        project_id,
        produced_on
    from {{ ref('int_stage__production') }}

),

firm_months as (

    select
        district_code,
        uscc,
        month_end,
        trailing_sales,
        trailing_tax
    from {{ ref('int_stage__firm_month') }}

),

sales_rows as (

    select
        district_code,
        uscc,
        stat_period,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_sales__current') }}

),

terms as (

    select
        projects.project_id,
        projects.district_code,
        projects.uscc,
        coalesce(projects.is_expansion, false) as is_expansion,
        starts.started_on,
        productions.produced_on,
        coalesce(agreements.agreed_sales, projects.expected_sales) as target_sales,
        coalesce(
            agreements.agreed_tax,
            cast(agreements.agreed_tax_per_mu as decimal(24, 6)) * agreements.agreed_land_area,
            projects.expected_tax
        ) as target_tax
    from projects
    inner join productions on projects.project_id = productions.project_id
    inner join starts on projects.project_id = starts.project_id
    left join agreements
        on
            projects.district_code = agreements.district_code
            and projects.signing_row_no = agreements.signing_row_no

),

-- What the firm made before an expansion: the 12 months before the month of its evidenced start.
terms_with_base as (

    select
        terms.project_id,
        terms.district_code,
        terms.uscc,
        terms.is_expansion,
        terms.produced_on,
        terms.target_sales,
        terms.target_tax,
        coalesce(firm_months.trailing_sales, 0) as base_sales,
        coalesce(firm_months.trailing_tax, 0) as base_tax
    from terms
    left join firm_months
        on
            terms.district_code = firm_months.district_code
            and terms.uscc = firm_months.uscc
            and last_day(cast(terms.started_on - interval 1 month as date)) = firm_months.month_end
    -- Neither agreed nor expected: not applicable, so the stage has no date.
    where
        terms.target_sales is not null
        and terms.target_tax is not null

),

rules as (

    select
        cast({{ rule('stage_rule', 'on_target_min_months') }} as integer) as min_months

),

variants as (

    select
        kinds.variant,
        kinds.subtracts_base
    from (values ('main', true), ('gross', false)) as kinds (variant, subtracts_base)

),

judged as (

    select
        terms_with_base.project_id,
        terms_with_base.district_code,
        terms_with_base.uscc,
        variants.variant,
        firm_months.month_end,
        terms_with_base.target_sales,
        terms_with_base.target_tax,
        case
            when terms_with_base.is_expansion and variants.subtracts_base
                then firm_months.trailing_sales - terms_with_base.base_sales
            else firm_months.trailing_sales
        end as trailing_sales,
        case
            when terms_with_base.is_expansion and variants.subtracts_base
                then firm_months.trailing_tax - terms_with_base.base_tax
            else firm_months.trailing_tax
        end as trailing_tax
    from terms_with_base
    cross join variants
    cross join rules
    inner join firm_months
        on
            terms_with_base.district_code = firm_months.district_code
            and terms_with_base.uscc = firm_months.uscc
    where
        datediff('month', terms_with_base.produced_on, firm_months.month_end) >= rules.min_months

),

first_months as (

    select
        project_id,
        district_code,
        uscc,
        variant,
        min(month_end) as on_target_on
    from judged
    where
        trailing_sales >= target_sales
        and trailing_tax >= target_tax
    group by project_id, district_code, uscc, variant

),

-- The row that stands for the figure: the firm's last sales row by that month.
final as (

    select
        first_months.project_id,
        first_months.variant,
        first_months.on_target_on,
        'sales' as source,
        sales_rows.file_sha256,
        sales_rows.sheet,
        sales_rows.row_number
    from first_months
    inner join sales_rows
        on
            first_months.district_code = sales_rows.district_code
            and first_months.uscc = sales_rows.uscc
            and first_months.on_target_on >= sales_rows.stat_period
    qualify row_number() over (
        partition by first_months.project_id, first_months.variant
        order by sales_rows.stat_period desc
    ) = 1

)

select
    project_id,
    variant,
    on_target_on,
    source,
    file_sha256,
    sheet,
    row_number
from final
