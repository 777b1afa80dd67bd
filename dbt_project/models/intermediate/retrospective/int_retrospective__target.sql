-- The yearly targets (年度目标) by board, of the district (their sum, under 全区, and where there are
-- several districts of each) and of a plan (the sum of its years, where every one has its target),
-- each with the figure it is compared with.

with

targets as (

    select
        district_code,
        stat_year,
        reporting_unit,
        measure,
        form,
        basis,
        target_value
    from {{ ref('fct_target') }}
    where
        target_value is not null
        and measure is not null

),

target_measures as (

    select
        measure,
        variant,
        form,
        basis
    from {{ ref('target_measure') }}
    where effective_from <= {{ as_of() }}
    qualify row_number() over (
        partition by target_metric
        order by effective_from desc
    ) = 1

),

plans as (

    select
        year_no,
        plan_name,
        plan_year_no
    from {{ ref('dim_date') }}
    group by all

),

plan_lengths as (

    select
        plan_name,
        count(*) as years
    from plans
    group by plan_name

),

-- How a district is called where it is one of several.
district_names as (

    select distinct
        projects.district_code,
        cuts.cut_value as district_name
    from {{ ref('fct_project_funnel') }} as projects
    inner join {{ ref('int_funnel__cut') }} as cuts on projects.project_id = cuts.project_id
    where
        cuts.cut_kind = 'district'
        and cuts.cut_value <> '全区'

),

of_boards as (

    select
        plans.plan_name,
        targets.stat_year as plan_year,
        targets.district_code,
        targets.reporting_unit,
        targets.measure,
        target_measures.variant,
        targets.form,
        targets.basis,
        sum(targets.target_value) as target_value
    from targets
    inner join target_measures
        on
            targets.measure = target_measures.measure
            and targets.form = target_measures.form
            and targets.basis = target_measures.basis
    inner join plans on targets.stat_year = plans.year_no
    group by all

),

of_all as (

    select
        plan_name,
        plan_year,
        reporting_unit,
        true as is_board,
        measure,
        variant,
        form,
        basis,
        sum(target_value) as target_value
    from of_boards
    group by all

    union all

    select
        of_boards.plan_name,
        of_boards.plan_year,
        district_names.district_name as reporting_unit,
        false as is_board,
        of_boards.measure,
        of_boards.variant,
        of_boards.form,
        of_boards.basis,
        sum(of_boards.target_value) as target_value
    from of_boards
    inner join district_names on of_boards.district_code = district_names.district_code
    group by all

    union all

    select
        plan_name,
        plan_year,
        '全区' as reporting_unit,
        false as is_board,
        measure,
        variant,
        form,
        basis,
        sum(target_value) as target_value
    from of_boards
    group by all

),

of_plans as (

    select
        of_all.plan_name,
        of_all.reporting_unit,
        of_all.is_board,
        of_all.measure,
        of_all.variant,
        of_all.form,
        of_all.basis,
        sum(of_all.target_value) as target_value
    from of_all
    inner join plan_lengths on of_all.plan_name = plan_lengths.plan_name
    group by
        of_all.plan_name,
        of_all.reporting_unit,
        of_all.is_board,
        of_all.measure,
        of_all.variant,
        of_all.form,
        of_all.basis,
        plan_lengths.years
    having count(*) = plan_lengths.years

),

final as (

    select
        plan_name,
        plan_year,
        reporting_unit,
        is_board,
        measure,
        variant,
        form,
        basis,
        cast(target_value as decimal(20, 4)) as target_value
    from of_all

    union all

    select
        plan_name,
        cast(null as integer) as plan_year,
        reporting_unit,
        is_board,
        measure,
        variant,
        form,
        basis,
        cast(target_value as decimal(20, 4)) as target_value
    from of_plans

)

select
    plan_name,
    plan_year,
    reporting_unit,
    is_board,
    measure,
    variant,
    form,
    basis,
    target_value
from final
