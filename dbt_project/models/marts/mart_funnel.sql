{%- set readings = {
    "claimed": "contributions.reading = 'claimed'",
    "evidenced": "contributions.reading = 'evidenced'",
    "verified": "contributions.reading = 'evidenced' and not contributions.is_held_back",
} %}
{%- set sums = [
    "numerator_count", "numerator_amount", "denominator_count", "denominator_amount",
    "withdrawn_count",
] %}

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
        withdrawn_count,
        coalesce(is_held_back, false) as is_held_back
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
-- months. The readings stand side by side, so that each row can carry their differences.
monthly as (

    select
        cuts.cut_kind,
        cuts.cut_value,
        contributions.metric,
        contributions.variant,
        contributions.form,
        cast(date_trunc('month', contributions.placed_on) as date) as month_start,
    {%- for reading, is_in in readings.items() %}
        {%- set is_last_reading = loop.last %}
    {%- for name in sums %}
        sum(contributions.{{ name }}) filter (where {{ is_in }})
            as {{ reading }}_{{ name }}
        {{- "," if not (is_last_reading and loop.last) }}
    {%- endfor %}
    {%- endfor %}
    from contributions
    inner join cuts on contributions.project_id = cuts.project_id
    group by all

),

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
    {%- for reading in readings %}
        {%- set is_last_reading = loop.last %}
    {%- for name in sums %}
        sum(monthly.{{ reading }}_{{ name }}) as {{ reading }}_{{ name }}
        {{- "," if not (is_last_reading and loop.last) }}
    {%- endfor %}
    {%- endfor %}
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
    {%- for reading in readings %}
        cast(coalesce(case bases.basis
            when 'count' then windowed.{{ reading }}_numerator_count
            else windowed.{{ reading }}_numerator_amount
            end, 0) as decimal(20, 4)) as {{ reading }}_numerator,
        case
            when definitions.kind <> 'count' and definitions.metric <> 'investment_cum'
                then cast(coalesce(case bases.basis
                    when 'count' then windowed.{{ reading }}_denominator_count
                    else windowed.{{ reading }}_denominator_amount
                    end, 0) as decimal(20, 4))
        end as {{ reading }}_denominator,
        cast(coalesce(windowed.{{ reading }}_withdrawn_count, 0) as integer)
            as {{ reading }}_withdrawn_count
        {{- "," if not loop.last }}
    {%- endfor %}
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
        *,
    {%- for reading in readings %}
        {{ exact_ratio(reading ~ '_numerator', reading ~ '_denominator') }}
            as {{ reading }}_value
        {{- "," if not loop.last }}
    {%- endfor %}
    from figures

),

compared as (

    select
        *,
        -- 水分, and what the checks hold back: of a rate the difference of the values, of a figure
        -- that has no value, of the numerators.
        {%- for name, upper, lower in [
            ("unsupported_value", "claimed", "evidenced"),
            ("held_back_value", "evidenced", "verified"),
        ] %}
            case
                when {{ upper }}_denominator is null
                    then cast({{ upper }}_numerator - {{ lower }}_numerator as decimal(18, 6))
                else {{ upper }}_value - {{ lower }}_value
            end as {{ name }},
        {%- endfor %}
        case maturity
            when 'window' then window_end + to_months(within_months) <= {{ as_of() }}
            when 'project' then true
        end as is_mature
    from valued

),

final as (
    {%- for reading in readings %}

        select
            cut_kind,
            cut_value,
            window_kind,
            window_start,
            window_end,
            '{{ reading }}' as reading,
            form,
            metric as measure,
            variant,
            basis,
            {{ reading }}_numerator as numerator,
            {{ reading }}_denominator as denominator,
            {{ reading }}_value as value,
            cast(unsupported_value as decimal(18, 6)) as unsupported_value,
            {{ reading }}_withdrawn_count as withdrawn_count,
            is_mature,
            {{ as_of() }} as as_of,
            {{ known_on() }} as known_on,
            cast(held_back_value as decimal(18, 6)) as held_back_value
        from compared
        {%- if not loop.last %}

            union all
        {%- endif %}
    {%- endfor %}

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
    known_on,
    held_back_value
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
