-- The figures along the stages for every span, cut and reading: as mart_funnel has them for whole
-- years, and as they stood on the same day of every year and at every month's end.

with

projects as (

    select
        project_id,
        is_in_ledger,
        signed_investment,
        planned_investment,
        withdrawn_on,
        coalesce(is_held_back, false) as is_held_back
    from {{ ref('fct_project_funnel') }}

),

cuts as (

    select
        project_id,
        cut_kind,
        cut_value
    from {{ ref('int_funnel__cut') }}

),

points as (

    select
        span,
        plan_name,
        plan_year,
        window_start,
        window_end,
        evaluated_on,
        closes_on
    from {{ ref('int_retrospective__point') }}

),

definitions as (

    select
        measure,
        variant,
        kind,
        placing_stage,
        numerator_stage,
        within_months,
        maturity,
        population,
        keeps_withdrawn,
        amount_basis,
        bases
    from {{ ref('int_retrospective__definition') }}

),

reached as (

    select
        project_id,
        reading,
        stage,
        reached_on,
        complete_on,
        valid_from,
        valid_until
    from {{ ref('int_retrospective__reached') }}
    where reading <> 'verified'

),

invested as (

    select
        project_id,
        invested_by,
        investment_cum,
        scheduled_investment
    from {{ ref('int_retrospective__invested') }}

),

reports as (

    select
        project_id,
        stat_period,
        investment_added
    from {{ ref('int_funnel__investment') }}

),

readings as (

    -- Verified is evidenced without the projects that the checks hold back.
    select
        kinds.reading,
        kinds.read_as
    from (
        values
        ('claimed', 'claimed'),
        ('evidenced', 'evidenced'),
        ('verified', 'evidenced')
    ) as kinds (reading, read_as)

),

-- One row a project, reading, measure and span whose window it falls into, as known on the day of
-- the span.
members as (

    select
        points.span,
        points.window_start,
        points.window_end,
        points.evaluated_on,
        definitions.measure,
        definitions.variant,
        definitions.kind,
        definitions.keeps_withdrawn,
        entries.project_id,
        entries.reading,
        coalesce(projects.withdrawn_on <= points.evaluated_on, false) as is_withdrawn,
        case
            when definitions.kind = 'count' then true
            else coalesce(
                counted.complete_on <= points.evaluated_on
                and (
                    definitions.within_months is null
                    or counted.reached_on
                    <= entries.reached_on + to_months(definitions.within_months)
                ),
                false
            )
        end as is_counted,
        case definitions.amount_basis
            when 'signed_investment' then projects.signed_investment
            when 'planned_investment' then projects.planned_investment
            when 'scheduled_investment' then invested.scheduled_investment
        end as amount,
        invested.investment_cum
    from definitions
    inner join reached as entries on definitions.placing_stage = entries.stage
    inner join projects on entries.project_id = projects.project_id
    inner join points
        on
            entries.reached_on >= points.window_start
            and entries.reached_on <= points.window_end
            and entries.complete_on <= points.evaluated_on
            and coalesce(entries.valid_from <= points.evaluated_on, true)
            and coalesce(entries.valid_until > points.evaluated_on, true)
    inner join invested
        on
            entries.project_id = invested.project_id
            and points.evaluated_on = invested.invested_by
    left join reached as counted
        on
            entries.project_id = counted.project_id
            and entries.reading = counted.reading
            and definitions.numerator_stage = counted.stage
            and coalesce(points.evaluated_on >= counted.valid_from, true)
            and coalesce(points.evaluated_on < counted.valid_until, true)
    where
        (projects.is_in_ledger or definitions.population = 'all')
        -- A project too young for the question is in neither.
        and (
            definitions.maturity is distinct from 'project'
            or entries.reached_on + to_months(definitions.within_months) <= points.evaluated_on
        )
        -- A cohort that looks years ahead is looked at whole, never in its first months.
        and (
            definitions.maturity is distinct from 'window'
            or points.span in ('year', 'plan')
        )
        -- A project without a schedule has no part due.
        and (
            definitions.amount_basis is distinct from 'scheduled_investment'
            or invested.scheduled_investment is not null
        )

),

-- The period form of the investment: what the reports of the window added, of started projects.
invested_in_window as (

    select
        points.span,
        points.window_start,
        points.window_end,
        entries.project_id,
        entries.reading,
        sum(reports.investment_added) as investment_added
    from points
    inner join reports
        on
            points.window_start <= reports.stat_period
            and least(points.window_end, points.evaluated_on) >= reports.stat_period
    inner join reached as entries
        on
            reports.project_id = entries.project_id
            and points.evaluated_on >= entries.complete_on
            and coalesce(points.evaluated_on >= entries.valid_from, true)
            and coalesce(points.evaluated_on < entries.valid_until, true)
    inner join projects on entries.project_id = projects.project_id
    where
        entries.stage = 'started'
        and projects.is_in_ledger
        and coalesce(projects.withdrawn_on > points.evaluated_on, true)
    group by
        points.span,
        points.window_start,
        points.window_end,
        entries.project_id,
        entries.reading

),

contributions as (

    select
        span,
        window_start,
        window_end,
        measure,
        variant,
        'cohort' as form,
        reading,
        project_id,
        case when is_counted and not is_withdrawn then 1 else 0 end as numerator_count,
        case
            when is_withdrawn then 0
            when kind = 'investment' then investment_cum
            when is_counted then amount
        end as numerator_amount,
        case when keeps_withdrawn or not is_withdrawn then 1 else 0 end as denominator_count,
        case when keeps_withdrawn or not is_withdrawn then amount end as denominator_amount,
        case when is_withdrawn then 1 else 0 end as withdrawn_count
    from members

    union all

    select
        span,
        window_start,
        window_end,
        'investment_cum' as measure,
        'main' as variant,
        'period' as form,
        reading,
        project_id,
        0 as numerator_count,
        investment_added as numerator_amount,
        0 as denominator_count,
        null as denominator_amount,
        0 as withdrawn_count
    from invested_in_window

    union all

    -- The withdrawn ones that started in the window are named here too.
    select
        span,
        window_start,
        window_end,
        measure,
        variant,
        'period' as form,
        reading,
        project_id,
        0 as numerator_count,
        0 as numerator_amount,
        0 as denominator_count,
        null as denominator_amount,
        1 as withdrawn_count
    from members
    where
        measure = 'investment_cum'
        and variant = 'main'
        and is_withdrawn

),

summed as (

    select
        contributions.span,
        contributions.window_start,
        contributions.window_end,
        cuts.cut_kind,
        cuts.cut_value,
        contributions.measure,
        contributions.variant,
        contributions.form,
        readings.reading,
        sum(contributions.numerator_count) as numerator_count,
        sum(contributions.numerator_amount) as numerator_amount,
        sum(contributions.denominator_count) as denominator_count,
        sum(contributions.denominator_amount) as denominator_amount,
        sum(contributions.withdrawn_count) as withdrawn_count
    from contributions
    inner join projects on contributions.project_id = projects.project_id
    inner join readings on contributions.reading = readings.read_as
    inner join cuts on contributions.project_id = cuts.project_id
    where
        (contributions.span <> 'month' or cuts.cut_kind in ('district', 'reporting_unit'))
        and not (readings.reading = 'verified' and projects.is_held_back)
    group by all

),

cut_values as (

    select
        cut_kind,
        cut_value
    from cuts

    union distinct

    -- The district is there before its first project is.
    select
        'district' as cut_kind,
        '全区' as cut_value

),

measures as (

    select
        definitions.measure,
        definitions.variant,
        'cohort' as form,
        definitions.kind,
        definitions.within_months,
        definitions.maturity,
        bases.basis
    from definitions
    inner join (values ('count'), ('amount')) as bases (basis)
        on list_contains(definitions.bases, bases.basis)

    union all

    select
        'investment_cum' as measure,
        'main' as variant,
        'period' as form,
        'investment' as kind,
        cast(null as integer) as within_months,
        cast(null as varchar) as maturity,
        'amount' as basis

),

-- Every measure has a row in every span of every cut value, so that an empty denominator shows as a
-- null and not as a missing row.
grid as (

    select
        points.span,
        points.plan_name,
        points.plan_year,
        points.window_start,
        points.window_end,
        points.evaluated_on,
        points.closes_on,
        cut_values.cut_kind,
        cut_values.cut_value,
        readings.reading,
        measures.form,
        measures.measure,
        measures.variant,
        measures.basis,
        measures.kind,
        measures.within_months,
        measures.maturity
    from points
    cross join cut_values
    cross join readings
    cross join measures
    where
        (points.span <> 'month' or cut_values.cut_kind in ('district', 'reporting_unit'))
        and (measures.maturity is distinct from 'window' or points.span in ('year', 'plan'))

),

final as (

    select
        grid.span,
        grid.plan_name,
        grid.plan_year,
        grid.window_start,
        grid.window_end,
        grid.evaluated_on,
        grid.closes_on,
        grid.cut_kind,
        grid.cut_value,
        grid.reading,
        grid.form,
        grid.measure,
        grid.variant,
        grid.basis,
        cast(coalesce(
            case grid.basis
                when 'count' then summed.numerator_count else summed.numerator_amount
            end, 0
        ) as decimal(20, 4)) as numerator,
        case
            when grid.kind <> 'count' and grid.measure <> 'investment_cum'
                then cast(coalesce(
                    case grid.basis
                        when 'count' then summed.denominator_count else summed.denominator_amount
                    end, 0
                ) as decimal(20, 4))
        end as denominator,
        cast(coalesce(summed.withdrawn_count, 0) as integer) as withdrawn_count,
        case grid.maturity
            when 'window'
                then grid.window_end + to_months(grid.within_months) <= grid.evaluated_on
            when 'project' then true
        end as is_mature
    from grid
    left join summed
        on
            grid.span = summed.span
            and grid.window_start = summed.window_start
            and grid.window_end = summed.window_end
            and grid.cut_kind = summed.cut_kind
            and grid.cut_value = summed.cut_value
            and grid.reading = summed.reading
            and grid.form = summed.form
            and grid.measure = summed.measure
            and grid.variant = summed.variant

)

select
    span,
    plan_name,
    plan_year,
    window_start,
    window_end,
    evaluated_on,
    closes_on,
    cut_kind,
    cut_value,
    reading,
    form,
    measure,
    variant,
    basis,
    numerator,
    denominator,
    withdrawn_count,
    is_mature
from final
