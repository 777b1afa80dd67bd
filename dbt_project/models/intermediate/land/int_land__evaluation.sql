-- A-D by the evaluation scheme in force: value over base times weight, added up over the indicators
-- that a source delivers, then by rank (domain.md 4.1). T is not rated; nothing is scored without
-- land, without the base of the year before, or with too little of the weight available.

with

schemes as (

    select
        scheme_code,
        min_available_weight,
        min_mu_below_scale,
        min_months_in_production,
        floor_ratio,
        unrated_sections
    from {{ ref('evaluation_scheme') }}
    where in_force_from <= {{ as_of() }}
    qualify row_number() over (order by in_force_from desc, scheme_code) = 1

),

indicators as (

    select
        scheme_code,
        indicator,
        weight,
        input,
        base_multiple
    from {{ ref('evaluation_indicator') }}
    where effective_from <= {{ as_of() }}
    qualify row_number() over (
        partition by scheme_code, indicator order by effective_from desc
    ) = 1

),

grades as (

    select
        scheme_code,
        grade,
        lower_share,
        upper_share
    from {{ ref('evaluation_grade') }}
    where effective_from <= {{ as_of() }}
    qualify row_number() over (
        partition by scheme_code, grade order by effective_from desc
    ) = 1

),

firms as (

    select
        district_code,
        uscc,
        year_no,
        window_end,
        industry_section,
        is_above_scale,
        first_sales_month,
        area_mu,
        tax_net,
        invoiced_sales
    from {{ ref('int_land__firm') }}

),

-- Months in production count from the first month with sales that was delivered: a firm that sold
-- from the first month of the data on has been at it for longer than can be seen.
bounds as (

    select
        district_code,
        min(stat_period) as first_delivered_month
    from {{ ref('int_sales__current') }}
    group by district_code

),

scoped as (

    select
        firms.district_code,
        firms.uscc,
        firms.year_no,
        firms.area_mu,
        firms.tax_net,
        firms.invoiced_sales,
        schemes.scheme_code,
        schemes.min_available_weight,
        schemes.floor_ratio,
        case
            when coalesce(firms.area_mu, 0) <= 0 then 'no_area'
            when
                list_contains(
                    string_split(coalesce(schemes.unrated_sections, ''), '|'),
                    firms.industry_section
                )
                then 'unrated_trade'
            when
                firms.first_sales_month is null
                or (
                    firms.first_sales_month > bounds.first_delivered_month
                    and firms.first_sales_month
                    > firms.window_end
                    - to_months(cast(schemes.min_months_in_production as integer))
                )
                then 'not_long_in_production'
            when not firms.is_above_scale and firms.area_mu < schemes.min_mu_below_scale
                then 'below_scope'
        end as unrated_reason
    from firms
    cross join schemes
    left join bounds on firms.district_code = bounds.district_code

),

-- The mean of the district: all tax over all land of the firms that are rated.
means as (

    select
        district_code,
        year_no,
        {{ exact_ratio("sum(tax_net)", "sum(area_mu)") }} as tax_per_mu,
        {{ exact_ratio("sum(invoiced_sales)", "sum(area_mu)") }} as sales_per_mu
    from scoped
    where unrated_reason is null
    group by district_code, year_no

),

inputs as (

    select
        scoped.district_code,
        scoped.uscc,
        scoped.year_no,
        scoped.floor_ratio,
        indicators.weight,
        case indicators.input
            when 'tax_per_mu' then {{ exact_ratio("scoped.tax_net", "scoped.area_mu") }}
            when 'sales_per_mu' then {{ exact_ratio("scoped.invoiced_sales", "scoped.area_mu") }}
        end as indicator_value,
        cast(indicators.base_multiple * case indicators.input
            when 'tax_per_mu' then means.tax_per_mu
            when 'sales_per_mu' then means.sales_per_mu
        end as decimal(20, 6)) as base_value
    from scoped
    inner join indicators on scoped.scheme_code = indicators.scheme_code
    left join means
        on
            scoped.district_code = means.district_code
            and scoped.year_no = means.year_no + 1
    where scoped.unrated_reason is null

),

scored as (

    select
        district_code,
        uscc,
        year_no,
        cast(sum(
            weight * greatest(floor_ratio, {{ exact_ratio("indicator_value", "base_value") }})
        ) filter (where base_value > 0 and indicator_value is not null) as decimal(20, 4)) as score,
        coalesce(sum(weight) filter (where base_value > 0 and indicator_value is not null), 0)
            as available_weight,
        count(*) filter (where base_value > 0) as based_count
    from inputs
    group by district_code, uscc, year_no

),

judged as (

    select
        scoped.district_code,
        scoped.uscc,
        scoped.year_no,
        scoped.scheme_code,
        scored.score,
        scored.available_weight,
        case
            when scoped.unrated_reason is not null then scoped.unrated_reason
            when scored.based_count = 0 then 'no_base'
            when scored.available_weight < scoped.min_available_weight then 'inputs_missing'
        end as na_reason
    from scoped
    left join scored
        on
            scoped.district_code = scored.district_code
            and scoped.uscc = scored.uscc
            and scoped.year_no = scored.year_no

),

ranked as (

    select
        district_code,
        uscc,
        year_no,
        scheme_code,
        cast(rank() over (
            partition by district_code, year_no order by score desc
        ) as integer) as score_rank,
        cast(count(*) over (partition by district_code, year_no) as integer) as rated_count
    from judged
    where na_reason is null

),

graded as (

    select
        ranked.district_code,
        ranked.uscc,
        ranked.year_no,
        ranked.score_rank,
        ranked.rated_count,
        grades.grade
    from ranked
    inner join grades
        on
            ranked.scheme_code = grades.scheme_code
            and ranked.score_rank > grades.lower_share * ranked.rated_count
            and ranked.score_rank <= grades.upper_share * ranked.rated_count

),

final as (

    select
        judged.district_code,
        judged.uscc,
        judged.year_no,
        judged.scheme_code,
        case when judged.na_reason is null then judged.score end as score,
        cast(judged.available_weight as decimal(9, 4)) as available_weight,
        graded.score_rank,
        graded.rated_count,
        case
            when judged.na_reason in ('unrated_trade', 'not_long_in_production') then 'T'
            else graded.grade
        end as land_class,
        judged.na_reason
    from judged
    left join graded
        on
            judged.district_code = graded.district_code
            and judged.uscc = graded.uscc
            and judged.year_no = graded.year_no

)

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
from final
