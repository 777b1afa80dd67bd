with

contributions as (

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
    from {{ ref('int_funnel__contribution') }}

),

cuts as (

    select
        project_id,
        cut_kind,
        cut_value
    from {{ ref('int_funnel__cut') }}

),

month_windows as (

    select
        month_start,
        window_kind,
        window_start,
        window_end
    from {{ ref('int_funnel__window') }}

),

definitions as (

    select
        metric,
        variant,
        kind,
        within_months,
        maturity,
        bases,
        forms,
        window_kinds
    from {{ ref('int_funnel__definition') }}

),

-- All sums add up over months, so projects are read once and every longer window is a sum of
-- months.
monthly as (

    select
        cuts.cut_kind,
        cuts.cut_value,
        contributions.metric,
        contributions.variant,
        contributions.form,
        contributions.reading,
        cast(date_trunc('month', contributions.placed_on) as date) as month_start,
        sum(contributions.numerator_count) as numerator_count,
        sum(contributions.numerator_amount) as numerator_amount,
        sum(contributions.denominator_count) as denominator_count,
        sum(contributions.denominator_amount) as denominator_amount,
        sum(contributions.withdrawn_count) as withdrawn_count
    from contributions
    inner join cuts on contributions.project_id = cuts.project_id
    group by all

),

-- Both readings side by side, so that each row can carry the difference.
windowed as (

    select
        monthly.cut_kind,
        monthly.cut_value,
        month_windows.window_kind,
        month_windows.window_start,
        month_windows.window_end,
        monthly.metric,
        monthly.variant,
        monthly.form,
        sum(monthly.numerator_count) filter (where monthly.reading = 'claimed')
            as claimed_numerator_count,
        sum(monthly.numerator_amount) filter (where monthly.reading = 'claimed')
            as claimed_numerator_amount,
        sum(monthly.denominator_count) filter (where monthly.reading = 'claimed')
            as claimed_denominator_count,
        sum(monthly.denominator_amount) filter (where monthly.reading = 'claimed')
            as claimed_denominator_amount,
        sum(monthly.withdrawn_count) filter (where monthly.reading = 'claimed')
            as claimed_withdrawn_count,
        sum(monthly.numerator_count) filter (where monthly.reading = 'evidenced')
            as evidenced_numerator_count,
        sum(monthly.numerator_amount) filter (where monthly.reading = 'evidenced')
            as evidenced_numerator_amount,
        sum(monthly.denominator_count) filter (where monthly.reading = 'evidenced')
            as evidenced_denominator_count,
        sum(monthly.denominator_amount) filter (where monthly.reading = 'evidenced')
            as evidenced_denominator_amount,
        sum(monthly.withdrawn_count) filter (where monthly.reading = 'evidenced')
            as evidenced_withdrawn_count
    from monthly
    inner join month_windows on monthly.month_start = month_windows.month_start
    group by all

),

-- Every measure has a row in every year, plan and `all` of every cut value, and in every window
-- of the district, so that an empty denominator shows as a null and not as a missing row. Months
-- and quarters of the other cuts hold only what happened.
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

long_windows as (

    select distinct
        cut_values.cut_kind,
        cut_values.cut_value,
        month_windows.window_kind,
        month_windows.window_start,
        month_windows.window_end
    from cut_values
    cross join month_windows
    where
        cut_values.cut_kind = 'district'
        or month_windows.window_kind in ('year', 'plan', 'all')

),

definition_forms as (

    select
        definitions.metric,
        definitions.variant,
        forms.form,
        definitions.window_kinds
    from definitions
    cross join (values ('cohort'), ('period')) as forms (form)
    where list_contains(definitions.forms, forms.form)

),

grid as (

    select
        long_windows.cut_kind,
        long_windows.cut_value,
        long_windows.window_kind,
        long_windows.window_start,
        long_windows.window_end,
        definition_forms.metric,
        definition_forms.variant,
        definition_forms.form
    from long_windows
    inner join definition_forms
        on list_contains(definition_forms.window_kinds, long_windows.window_kind)

    union

    select
        windowed.cut_kind,
        windowed.cut_value,
        windowed.window_kind,
        windowed.window_start,
        windowed.window_end,
        windowed.metric,
        windowed.variant,
        windowed.form
    from windowed
    inner join definition_forms
        on
            windowed.metric = definition_forms.metric
            and windowed.variant = definition_forms.variant
            and windowed.form = definition_forms.form
            and list_contains(definition_forms.window_kinds, windowed.window_kind)

),

figures as (

    select
        grid.cut_kind,
        grid.cut_value,
        grid.window_kind,
        grid.window_start,
        grid.window_end,
        grid.metric,
        grid.variant,
        grid.form,
        bases.basis,
        definitions.kind,
        definitions.within_months,
        definitions.maturity,
        cast(coalesce(case bases.basis
            when 'count' then windowed.claimed_numerator_count
            else windowed.claimed_numerator_amount
        end, 0) as decimal(20, 4)) as claimed_numerator,
        case
            when definitions.kind <> 'count' and definitions.metric <> 'investment_cum'
                then cast(coalesce(case bases.basis
                    when 'count' then windowed.claimed_denominator_count
                    else windowed.claimed_denominator_amount
                end, 0) as decimal(20, 4))
        end as claimed_denominator,
        cast(coalesce(windowed.claimed_withdrawn_count, 0) as integer)
            as claimed_withdrawn_count,
        cast(coalesce(case bases.basis
            when 'count' then windowed.evidenced_numerator_count
            else windowed.evidenced_numerator_amount
        end, 0) as decimal(20, 4)) as evidenced_numerator,
        case
            when definitions.kind <> 'count' and definitions.metric <> 'investment_cum'
                then cast(coalesce(case bases.basis
                    when 'count' then windowed.evidenced_denominator_count
                    else windowed.evidenced_denominator_amount
                end, 0) as decimal(20, 4))
        end as evidenced_denominator,
        cast(coalesce(windowed.evidenced_withdrawn_count, 0) as integer)
            as evidenced_withdrawn_count
    from grid
    inner join definitions
        on
            grid.metric = definitions.metric
            and grid.variant = definitions.variant
    inner join (values ('count'), ('amount')) as bases (basis)
        on list_contains(definitions.bases, bases.basis)
    left join windowed
        on
            grid.cut_kind = windowed.cut_kind
            and grid.cut_value = windowed.cut_value
            and grid.window_kind = windowed.window_kind
            and grid.window_start = windowed.window_start
            and grid.metric = windowed.metric
            and grid.variant = windowed.variant
            and grid.form = windowed.form

),

valued as (

    select
        cut_kind,
        cut_value,
        window_kind,
        window_start,
        window_end,
        metric,
        variant,
        form,
        basis,
        kind,
        within_months,
        maturity,
        claimed_numerator,
        claimed_denominator,
        claimed_withdrawn_count,
        evidenced_numerator,
        evidenced_denominator,
        evidenced_withdrawn_count,
        {{ exact_ratio('claimed_numerator', 'claimed_denominator') }} as claimed_value,
        {{ exact_ratio('evidenced_numerator', 'evidenced_denominator') }} as evidenced_value
    from figures

),

compared as (

    select
        cut_kind,
        cut_value,
        window_kind,
        window_start,
        window_end,
        metric,
        variant,
        form,
        basis,
        claimed_numerator,
        claimed_denominator,
        claimed_withdrawn_count,
        claimed_value,
        evidenced_numerator,
        evidenced_denominator,
        evidenced_withdrawn_count,
        evidenced_value,
        -- 水分: of a rate, claimed value - evidenced value; of a figure that has no value, of its
        -- numerators.
        case
            when claimed_denominator is null
                then cast(claimed_numerator - evidenced_numerator as decimal(18, 6))
            else claimed_value - evidenced_value
        end as unsupported_value,
        case maturity
            when 'window' then window_end + to_months(within_months) <= {{ as_of() }}
            when 'project' then true
        end as is_mature
    from valued

),

final as (

    select
        cut_kind,
        cut_value,
        window_kind,
        window_start,
        window_end,
        'claimed' as reading,
        form,
        metric as measure,
        variant,
        basis,
        claimed_numerator as numerator,
        claimed_denominator as denominator,
        claimed_value as value,
        cast(unsupported_value as decimal(18, 6)) as unsupported_value,
        claimed_withdrawn_count as withdrawn_count,
        is_mature,
        {{ as_of() }} as as_of,
        {{ known_on() }} as known_on
    from compared

    union all

    select
        cut_kind,
        cut_value,
        window_kind,
        window_start,
        window_end,
        'evidenced' as reading,
        form,
        metric as measure,
        variant,
        basis,
        evidenced_numerator as numerator,
        evidenced_denominator as denominator,
        evidenced_value as value,
        cast(unsupported_value as decimal(18, 6)) as unsupported_value,
        evidenced_withdrawn_count as withdrawn_count,
        is_mature,
        {{ as_of() }} as as_of,
        {{ known_on() }} as known_on
    from compared

)

select
    cut_kind,
    cut_value,
    window_kind,
    window_start,
    window_end,
    reading,
    form,
    measure,
    variant,
    basis,
    numerator,
    denominator,
    value,
    unsupported_value,
    withdrawn_count,
    is_mature,
    as_of,
    known_on
from final
order by
    cut_kind,
    cut_value,
    window_kind,
    window_start,
    measure,
    variant,
    form,
    basis,
    reading
