-- 进规 of the firms with a producing project: the rolling sales against the limit of the firm's
-- industry, and whether the firm stands in the list of the last year delivered.

with

terms as (

    select
        project_id,
        district_code,
        uscc,
        trailing_sales
    from {{ ref('int_gate__terms') }}
    where uscc is not null

),

projects as (

    select
        project_id,
        industry_section,
        industry_code
    from {{ ref('int_project') }}

),

limits as (

    select
        industry_prefix,
        kind_zh,
        value
    from {{ ref('above_scale_threshold') }}
    where
        effective_from <= {{ as_of() }}
        and coalesce(effective_to >= {{ as_of() }}, true)
    qualify row_number() over (
        partition by industry_prefix
        order by effective_from desc
    ) = 1

),

listed as (

    select
        district_code,
        stat_year,
        uscc,
        above_scale_date
    from {{ ref('int_above_scale__current') }}
    where
        stat_year <= year({{ as_of() }})
        and coalesce(above_scale_date <= {{ as_of() }}, true)

),

rules as (

    select {{ gate_value('growth_above_scale', 'near_share') }} as near_share

),

latest_years as (

    select
        district_code,
        max(stat_year) as stat_year
    from listed
    group by district_code

),

members as (

    select
        listed.district_code,
        listed.uscc,
        min(listed.above_scale_date) as above_scale_on
    from listed
    inner join latest_years
        on
            listed.district_code = latest_years.district_code
            and listed.stat_year = latest_years.stat_year
    group by listed.district_code, listed.uscc

),

-- The longest prefix that fits decides.
with_limit as (

    select
        terms.project_id,
        terms.district_code,
        terms.uscc,
        terms.trailing_sales,
        limits.kind_zh,
        limits.value as sales_limit
    from terms
    inner join projects on terms.project_id = projects.project_id
    left join limits
        on
            projects.industry_section = limits.industry_prefix
            or starts_with(projects.industry_code, limits.industry_prefix)
    qualify row_number() over (
        partition by terms.project_id
        order by length(limits.industry_prefix) desc nulls last, limits.industry_prefix asc
    ) = 1

),

final as (

    select
        with_limit.project_id,
        with_limit.kind_zh as above_scale_kind,
        cast(with_limit.sales_limit as decimal(20, 4)) as above_scale_limit,
        members.above_scale_on,
        case
            when members.uscc is not null then '已入规'
            when with_limit.sales_limit is null then '无标准'
            when with_limit.trailing_sales >= with_limit.sales_limit then '达标待入'
            when with_limit.trailing_sales >= with_limit.sales_limit * rules.near_share
                then '接近达标'
            else '未达标'
        end as above_scale_state,
        cast(
            case
                -- greatest() passes over nulls.
                when members.uscc is null and with_limit.sales_limit is not null
                    then greatest(with_limit.sales_limit - with_limit.trailing_sales, 0)
            end as decimal(20, 4)
        ) as above_scale_missing
    from with_limit
    cross join rules
    left join members
        on
            with_limit.district_code = members.district_code
            and with_limit.uscc = members.uscc

)

select
    project_id,
    above_scale_kind,
    above_scale_limit,
    above_scale_on,
    above_scale_state,
    above_scale_missing
from final
