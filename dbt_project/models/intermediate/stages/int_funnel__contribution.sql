-- What every project adds to every measure, before any cut or window: the list behind each figure.
-- Verified is evidenced without what the checks hold back, so it needs no rows of its own.

with

projects as (

    select
        project_id,
        is_in_ledger,
        signed_claimed_on,
        filed_claimed_on,
        started_claimed_on,
        completed_claimed_on,
        produced_claimed_on,
        on_target_claimed_on,
        signed_evidenced_on,
        filed_evidenced_on,
        started_evidenced_on,
        completed_evidenced_on,
        produced_evidenced_on,
        on_target_evidenced_on,
        on_target_gross_evidenced_on,
        withdrawn_on is not null as is_withdrawn,
        coalesce(is_held_back, false) as is_held_back,
        signed_investment,
        planned_investment,
        scheduled_investment,
        investment_cum
    from {{ ref('fct_project_funnel') }}

),

investments as (

    select
        project_id,
        stat_period,
        investment_added
    from {{ ref('int_funnel__investment') }}

),

definitions as (

    select
        metric,
        variant,
        kind,
        denominator_stage,
        numerator_stage,
        within_months,
        maturity,
        population,
        keeps_withdrawn,
        amount_basis,
        forms
    from {{ ref('int_funnel__definition') }}

),

dated_columns as (

    select
        project_id,
        column_name,
        reached_on
    from projects
    unpivot (
        reached_on for column_name in (
            signed_claimed_on,
            filed_claimed_on,
            started_claimed_on,
            completed_claimed_on,
            produced_claimed_on,
            on_target_claimed_on,
            signed_evidenced_on,
            filed_evidenced_on,
            started_evidenced_on,
            completed_evidenced_on,
            produced_evidenced_on,
            on_target_evidenced_on,
            on_target_gross_evidenced_on
        )
    )

),

stage_dates as (

    select
        project_id,
        regexp_extract(column_name, '(claimed|evidenced)_on$', 1) as reading,
        regexp_replace(column_name, '_(claimed|evidenced)_on$', '') as stage,
        reached_on
    from dated_columns

    union all

    -- A recognition knows no base year: claimed is the same in the variant `gross`.
    select
        project_id,
        'claimed' as reading,
        'on_target_gross' as stage,
        on_target_claimed_on as reached_on
    from projects
    where on_target_claimed_on is not null

),

-- One row a project, reading and measure whose own stage (the denominator's, else the counted
-- one) it reached.
members as (

    select
        projects.project_id,
        stage_dates.reading,
        stage_dates.reached_on as placed_on,
        projects.is_withdrawn,
        case definitions.amount_basis
            when 'signed_investment' then projects.signed_investment
            when 'planned_investment' then projects.planned_investment
            when 'scheduled_investment' then projects.scheduled_investment
        end as amount,
        projects.investment_cum,
        definitions.metric,
        definitions.variant,
        definitions.kind,
        definitions.numerator_stage,
        definitions.within_months,
        definitions.maturity,
        definitions.keeps_withdrawn,
        definitions.amount_basis,
        definitions.forms
    from projects
    inner join stage_dates on projects.project_id = stage_dates.project_id
    inner join definitions
        on coalesce(definitions.denominator_stage, definitions.numerator_stage) = stage_dates.stage
    where
        (projects.is_in_ledger or definitions.population = 'all')
        -- A project too young for the question is in neither.
        and (
            definitions.maturity is distinct from 'project'
            or stage_dates.reached_on + to_months(definitions.within_months) <= {{ as_of() }}
        )
        -- A project without a schedule has no part due.
        and (
            definitions.amount_basis is distinct from 'scheduled_investment'
            or projects.scheduled_investment is not null
        )

),

counted as (

    select
        members.metric,
        members.variant,
        forms.form,
        members.reading,
        members.project_id,
        members.placed_on,
        case when not members.is_withdrawn then 1 else 0 end as numerator_count,
        case when not members.is_withdrawn then members.amount end as numerator_amount,
        cast(null as integer) as denominator_count,
        cast(null as decimal(20, 4)) as denominator_amount,
        case when members.is_withdrawn then 1 else 0 end as withdrawn_count
    from members
    cross join (values ('cohort'), ('period')) as forms (form)
    where members.kind = 'count'

),

-- The numerator of a rate, where its members reached the next stage.
advanced as (

    select
        members.metric,
        members.variant,
        members.forms,
        members.reading,
        members.project_id,
        members.placed_on,
        members.amount,
        stage_dates.reached_on
    from members
    inner join stage_dates
        on
            members.project_id = stage_dates.project_id
            and members.reading = stage_dates.reading
            and members.numerator_stage = stage_dates.stage
    where
        members.kind = 'rate'
        -- Withdrawn projects leave every numerator, also where they stay in the denominator.
        and not members.is_withdrawn
        and (
            members.within_months is null
            or stage_dates.reached_on <= members.placed_on + to_months(members.within_months)
        )

),

numerators as (

    -- Cohort: where the project entered.
    select
        metric,
        variant,
        'cohort' as form,
        reading,
        project_id,
        placed_on,
        1 as numerator_count,
        amount as numerator_amount
    from advanced

    union all

    -- Period: where the event lies.
    select
        metric,
        variant,
        'period' as form,
        reading,
        project_id,
        reached_on as placed_on,
        1 as numerator_count,
        amount as numerator_amount
    from advanced
    where list_contains(forms, 'period')

    union all

    select
        metric,
        variant,
        'cohort' as form,
        reading,
        project_id,
        placed_on,
        cast(null as integer) as numerator_count,
        investment_cum as numerator_amount
    from members
    where
        kind = 'investment'
        and not is_withdrawn

    union all

    select
        members.metric,
        members.variant,
        'period' as form,
        members.reading,
        members.project_id,
        investments.stat_period as placed_on,
        cast(null as integer) as numerator_count,
        cast(sum(investments.investment_added) as decimal(20, 4)) as numerator_amount
    from members
    inner join investments on members.project_id = investments.project_id
    where
        members.kind = 'investment'
        and not members.is_withdrawn
    group by
        members.metric,
        members.variant,
        members.reading,
        members.project_id,
        investments.stat_period

),

denominators as (

    select
        members.metric,
        members.variant,
        forms.form,
        members.reading,
        members.project_id,
        members.placed_on,
        case when members.keeps_withdrawn or not members.is_withdrawn then 1 else 0 end
            as denominator_count,
        case when members.keeps_withdrawn or not members.is_withdrawn then members.amount end
            as denominator_amount,
        case when members.is_withdrawn then 1 else 0 end as withdrawn_count
    from members
    cross join (values ('cohort'), ('period')) as forms (form)
    where
        members.kind in ('rate', 'investment')
        and list_contains(members.forms, forms.form)

),

united as (

    select
        metric,
        variant,
        form,
        reading,
        project_id,
        placed_on,
        numerator_count,
        numerator_amount,
        denominator_count,
        denominator_amount,
        withdrawn_count
    from counted

    union all

    select
        metric,
        variant,
        form,
        reading,
        project_id,
        placed_on,
        numerator_count,
        numerator_amount,
        cast(null as integer) as denominator_count,
        cast(null as decimal(20, 4)) as denominator_amount,
        0 as withdrawn_count
    from numerators

    union all

    select
        metric,
        variant,
        form,
        reading,
        project_id,
        placed_on,
        cast(null as integer) as numerator_count,
        cast(null as decimal(20, 4)) as numerator_amount,
        denominator_count,
        denominator_amount,
        withdrawn_count
    from denominators

),

final as (

    select
        united.metric,
        united.variant,
        united.form,
        united.reading,
        united.project_id,
        united.placed_on,
        united.numerator_count,
        united.numerator_amount,
        united.denominator_count,
        united.denominator_amount,
        united.withdrawn_count,
        projects.is_held_back
    from united
    inner join projects on united.project_id = projects.project_id

)

select
    metric,
    variant,
    form,
    reading,
    project_id,
    placed_on,
    numerator_count,
    numerator_amount,
    denominator_count,
    denominator_amount,
    withdrawn_count,
    is_held_back
from final
