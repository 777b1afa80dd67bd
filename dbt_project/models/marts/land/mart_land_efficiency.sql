with

firms as (

    select
        district_code,
        uscc,
        year_no,
        window_start,
        window_end,
        is_full_year,
        is_latest,
        company_name,
        reporting_unit,
        industry_section,
        industry_division,
        is_above_scale,
        owned_mu,
        leased_mu,
        leased_out_mu,
        area_mu,
        evaluated_mu,
        tax_months_delivered,
        tax_gross,
        tax_refund,
        tax_net,
        invoiced_sales,
        fixed_investment,
        floor_area
    from {{ ref('int_land__firm') }}

),

evaluations as (

    select
        district_code,
        uscc,
        year_no,
        scheme_code,
        score,
        available_weight,
        score_rank,
        rated_count,
        land_class,
        na_reason
    from {{ ref('int_land__evaluation') }}

),

parcels as (

    select
        district_code,
        land_supervision_no,
        parcel_no,
        uscc,
        company_name,
        project_id,
        allocated_mu,
        allocation_method,
        agreed_intensity,
        agreed_far_min,
        contract_sign_date,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_land__parcel') }}

),

projects as (

    select
        project_id,
        year_no,
        fixed_investment,
        floor_area
    from {{ ref('int_land__project') }}

),

rules as (

    select {{ rule('land_rule', 'square_metres_per_mu') }} as square_metres_per_mu

),

firm_rows as (

    select
        firms.district_code,
        'firm' as subject_kind,
        firms.uscc as subject_id,
        firms.uscc,
        firms.company_name,
        firms.reporting_unit,
        firms.industry_section,
        firms.industry_division,
        cast(null as varchar) as parcel_no,
        cast(null as varchar) as project_id,
        firms.year_no,
        firms.window_start,
        firms.window_end,
        firms.is_full_year,
        firms.is_latest,
        firms.owned_mu,
        firms.leased_mu,
        firms.leased_out_mu,
        firms.area_mu,
        firms.evaluated_mu,
        firms.tax_gross,
        firms.tax_refund,
        firms.tax_net,
        firms.invoiced_sales,
        cast(null as varchar) as tax_allocation,
        firms.tax_months_delivered,
        firms.fixed_investment,
        firms.floor_area,
        case when firms.owned_mu > 0 then firms.owned_mu end as built_mu,
        cast(null as decimal(18, 6)) as agreed_intensity,
        cast(null as decimal(18, 6)) as agreed_far,
        firms.is_above_scale,
        evaluations.scheme_code,
        evaluations.score,
        evaluations.available_weight,
        evaluations.score_rank,
        evaluations.rated_count,
        evaluations.land_class,
        case
            when firms.tax_months_delivered = 0 then 'tax_not_delivered'
            else evaluations.na_reason
        end as na_reason,
        cast(null as varchar) as source,
        cast(null as varchar) as file_sha256,
        cast(null as varchar) as sheet,
        cast(null as bigint) as row_number
    from firms
    left join evaluations
        on
            firms.district_code = evaluations.district_code
            and firms.uscc = evaluations.uscc
            and firms.year_no = evaluations.year_no

),

parcel_years as (

    select
        parcels.district_code,
        parcels.land_supervision_no,
        parcels.parcel_no,
        parcels.uscc,
        parcels.company_name,
        parcels.project_id,
        parcels.allocated_mu,
        parcels.allocation_method,
        parcels.agreed_intensity,
        parcels.agreed_far_min,
        parcels.file_sha256,
        parcels.sheet,
        parcels.row_number,
        years.year_no,
        years.window_start,
        years.window_end,
        years.is_full_year,
        years.is_latest,
        sum(parcels.allocated_mu) over (
            partition by parcels.project_id, years.year_no
        ) as project_mu
    from parcels
    inner join {{ ref('int_land__year') }} as years
        on parcels.contract_sign_date <= years.window_end

),

-- The tax of a firm is its own: a parcel carries the part of its area, and says so. A project on
-- several parcels divides its investment and floor in the same way.
parcel_rows as (

    select
        parcel_years.district_code,
        'parcel' as subject_kind,
        parcel_years.land_supervision_no || '|' || coalesce(parcel_years.company_name, '')
            as subject_id,
        parcel_years.uscc,
        coalesce(firms.company_name, parcel_years.company_name) as company_name,
        coalesce(firms.reporting_unit, '未知') as reporting_unit,
        coalesce(firms.industry_section, '未知') as industry_section,
        coalesce(firms.industry_division, '未知') as industry_division,
        parcel_years.parcel_no,
        parcel_years.project_id,
        parcel_years.year_no,
        parcel_years.window_start,
        parcel_years.window_end,
        parcel_years.is_full_year,
        parcel_years.is_latest,
        parcel_years.allocated_mu as owned_mu,
        cast(null as decimal(20, 4)) as leased_mu,
        cast(null as decimal(20, 4)) as leased_out_mu,
        parcel_years.allocated_mu as area_mu,
        cast(null as decimal(20, 4)) as evaluated_mu,
        cast(
            {{ exact_ratio("(firms.tax_gross * parcel_years.allocated_mu)", "firms.area_mu") }}
            as decimal(20, 4)
        ) as tax_gross,
        cast(
            {{ exact_ratio("(firms.tax_refund * parcel_years.allocated_mu)", "firms.area_mu") }}
            as decimal(20, 4)
        ) as tax_refund,
        cast(
            {{ exact_ratio("(firms.tax_net * parcel_years.allocated_mu)", "firms.area_mu") }}
            as decimal(20, 4)
        ) as tax_net,
        cast(
            {{ exact_ratio("(firms.invoiced_sales * parcel_years.allocated_mu)", "firms.area_mu") }}
            as decimal(20, 4)
        ) as invoiced_sales,
        case
            when parcel_years.allocated_mu is null or coalesce(firms.area_mu, 0) <= 0 then null
            when abs(firms.area_mu - parcel_years.allocated_mu) < 0.0001 then 'sole_parcel'
            else 'by_area'
        end as tax_allocation,
        coalesce(firms.tax_months_delivered, 0) as tax_months_delivered,
        cast(
            {{ exact_ratio(
                "(projects.fixed_investment * parcel_years.allocated_mu)", "parcel_years.project_mu"
            ) }}
            as decimal(20, 4)
        ) as fixed_investment,
        cast(
            {{ exact_ratio(
                "(projects.floor_area * parcel_years.allocated_mu)", "parcel_years.project_mu"
            ) }}
            as decimal(20, 4)
        ) as floor_area,
        parcel_years.allocated_mu as built_mu,
        parcel_years.agreed_intensity,
        parcel_years.agreed_far_min as agreed_far,
        firms.is_above_scale,
        cast(null as varchar) as scheme_code,
        cast(null as decimal(20, 4)) as score,
        cast(null as decimal(9, 4)) as available_weight,
        cast(null as integer) as score_rank,
        cast(null as integer) as rated_count,
        cast(null as varchar) as land_class,
        case
            when parcel_years.allocated_mu is null then parcel_years.allocation_method
            when firms.tax_months_delivered = 0 then 'tax_not_delivered'
            when coalesce(firms.area_mu, 0) <= 0 then 'no_area'
        end as na_reason,
        'land' as source,
        parcel_years.file_sha256,
        parcel_years.sheet,
        parcel_years.row_number
    from parcel_years
    left join firms
        on
            parcel_years.district_code = firms.district_code
            and parcel_years.uscc = firms.uscc
            and parcel_years.year_no = firms.year_no
    left join projects
        on
            parcel_years.project_id = projects.project_id
            and parcel_years.year_no = projects.year_no

),

subjects as (

    select * from firm_rows
    union all by name
    select * from parcel_rows

),

final as (

    select
        subjects.district_code,
        subjects.subject_kind,
        subjects.subject_id,
        subjects.uscc,
        subjects.company_name,
        subjects.reporting_unit,
        subjects.industry_section,
        subjects.industry_division,
        subjects.parcel_no,
        subjects.project_id,
        subjects.year_no,
        subjects.window_start,
        subjects.window_end,
        subjects.is_full_year,
        subjects.is_latest,
        cast(subjects.owned_mu as decimal(20, 4)) as owned_mu,
        subjects.leased_mu,
        subjects.leased_out_mu,
        cast(subjects.area_mu as decimal(20, 4)) as area_mu,
        subjects.evaluated_mu,
        subjects.tax_gross,
        subjects.tax_refund,
        subjects.tax_net,
        case
            when subjects.area_mu > 0
                then {{ exact_ratio("subjects.tax_net", "subjects.area_mu") }}
        end as tax_per_mu,
        case
            when subjects.evaluated_mu > 0
                then {{ exact_ratio("subjects.tax_net", "subjects.evaluated_mu") }}
        end as tax_per_evaluated_mu,
        subjects.invoiced_sales,
        case
            when subjects.area_mu > 0
                then {{ exact_ratio("subjects.invoiced_sales", "subjects.area_mu") }}
        end as sales_per_mu,
        subjects.tax_allocation,
        subjects.tax_months_delivered,
        subjects.fixed_investment,
        case
            when subjects.area_mu > 0
                then {{ exact_ratio("subjects.fixed_investment", "subjects.area_mu") }}
        end as investment_intensity,
        subjects.agreed_intensity,
        subjects.floor_area,
        case
            when subjects.built_mu > 0
                then {{ exact_ratio(
                    "subjects.floor_area",
                    "(subjects.built_mu * rules.square_metres_per_mu)"
                ) }}
        end as far,
        subjects.agreed_far,
        subjects.is_above_scale,
        subjects.scheme_code,
        subjects.score,
        subjects.available_weight,
        subjects.score_rank,
        subjects.rated_count,
        subjects.land_class,
        subjects.na_reason,
        subjects.source,
        subjects.file_sha256,
        subjects.sheet,
        subjects.row_number,
        {{ as_of() }} as as_of,
        {{ known_on() }} as known_on
    from subjects
    cross join rules

)

select
    district_code,
    subject_kind,
    subject_id,
    uscc,
    company_name,
    reporting_unit,
    industry_section,
    industry_division,
    parcel_no,
    project_id,
    year_no,
    window_start,
    window_end,
    is_full_year,
    is_latest,
    owned_mu,
    leased_mu,
    leased_out_mu,
    area_mu,
    evaluated_mu,
    tax_gross,
    tax_refund,
    tax_net,
    tax_per_mu,
    tax_per_evaluated_mu,
    invoiced_sales,
    sales_per_mu,
    tax_allocation,
    tax_months_delivered,
    fixed_investment,
    investment_intensity,
    agreed_intensity,
    floor_area,
    far,
    agreed_far,
    is_above_scale,
    scheme_code,
    score,
    available_weight,
    score_rank,
    rated_count,
    land_class,
    na_reason,
    source,
    file_sha256,
    sheet,
    row_number,
    as_of,
    known_on
from final
