-- What a producing project was to bring a year, and what it has brought in the last 12 months: the
-- terms of metrics.md "Stages" 6, at the last complete month. An expansion first subtracts the 12
-- months before the month of its evidenced start.

with

projects as (

    select
        project_id,
        district_code,
        signing_row_no,
        uscc,
        coalesce(is_expansion, false) as is_expansion,
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

productions as (

    select
        project_id,
        produced_on
    from {{ ref('int_stage__production') }}
    where complete_on <= {{ as_of() }}

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

targets as (

    select
        projects.project_id,
        projects.district_code,
        projects.uscc,
        projects.is_expansion,
        starts.started_on,
        productions.produced_on,
        datediff('month', productions.produced_on, {{ last_full_month() }})
            as months_in_production,
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

final as (

    select
        targets.project_id,
        targets.district_code,
        targets.uscc,
        targets.is_expansion,
        targets.produced_on,
        case
            when targets.is_expansion
                then last_day(cast(targets.started_on - interval 1 month as date))
        end as base_month,
        cast(targets.months_in_production as integer) as months_in_production,
        cast(targets.target_sales as decimal(20, 4)) as target_sales,
        cast(targets.target_tax as decimal(20, 4)) as target_tax,
        cast(
            case when targets.is_expansion then coalesce(bases.trailing_sales, 0) else 0 end
            as decimal(20, 4)
        ) as base_sales,
        cast(
            case when targets.is_expansion then coalesce(bases.trailing_tax, 0) else 0 end
            as decimal(20, 4)
        ) as base_tax,
        cast(latest.trailing_sales as decimal(20, 4)) as trailing_sales,
        cast(latest.trailing_tax as decimal(20, 4)) as trailing_tax,
        cast(
            latest.trailing_sales
            - case when targets.is_expansion then coalesce(bases.trailing_sales, 0) else 0 end
            as decimal(20, 4)
        ) as attained_sales,
        cast(
            latest.trailing_tax
            - case when targets.is_expansion then coalesce(bases.trailing_tax, 0) else 0 end
            as decimal(20, 4)
        ) as attained_tax
    from targets
    left join firm_months as latest
        on
            targets.district_code = latest.district_code
            and targets.uscc = latest.uscc
            and {{ last_full_month() }} = latest.month_end
    left join firm_months as bases
        on
            targets.district_code = bases.district_code
            and targets.uscc = bases.uscc
            and last_day(cast(targets.started_on - interval 1 month as date)) = bases.month_end

)

select
    project_id,
    district_code,
    uscc,
    is_expansion,
    produced_on,
    base_month,
    months_in_production,
    target_sales,
    target_tax,
    base_sales,
    base_tax,
    trailing_sales,
    trailing_tax,
    attained_sales,
    attained_tax
from final
