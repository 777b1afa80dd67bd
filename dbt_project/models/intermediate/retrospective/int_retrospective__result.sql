-- What the projects had brought by the day on which a span closes: a state on that day, of ledger
-- projects that stood then, by cut and reading.

with

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

states as (

    select
        project_id,
        reading,
        closes_on,
        started_on,
        completed_on,
        investment_cum,
        equipment_cum,
        scheduled_investment,
        scheduled_a_day,
        land_mu,
        owned_square_metres,
        floor_area
    from {{ ref('int_retrospective__state') }}

),

firms_in_cells as (

    select
        span,
        window_start,
        window_end,
        cut_kind,
        cut_value,
        reading,
        is_asked,
        is_produced,
        is_completed,
        is_above_scale,
        asked_investment,
        invoiced_sales_12m,
        tax_12m,
        tax_gross_12m,
        tax_refund_12m,
        land_mu,
        evaluated_mu
    from {{ ref('int_retrospective__firm_cell') }}

),

readings as (

    -- Where there is something evidenced, it is asked what of it is verified.
    select distinct
        unnest(case reading when 'evidenced' then ['evidenced', 'verified'] else [reading] end)
            as reading
    from {{ ref('int_retrospective__reached') }}

),

in_cuts as (

    select
        points.span,
        points.window_start,
        points.window_end,
        cuts.cut_kind,
        cuts.cut_value,
        states.reading,
        states.started_on,
        states.completed_on,
        states.investment_cum,
        states.equipment_cum,
        states.scheduled_investment,
        states.scheduled_a_day,
        states.land_mu,
        states.owned_square_metres,
        states.floor_area
    from states
    inner join points on states.closes_on = points.closes_on
    inner join cuts on states.project_id = cuts.project_id
    where
        points.span <> 'month'
        or cuts.cut_kind in ('district', 'reporting_unit')

),

of_projects as (

    select
        span,
        window_start,
        window_end,
        cut_kind,
        cut_value,
        reading,
        sum(investment_cum) filter (where started_on is not null and land_mu > 0)
            as landed_investment,
        sum(land_mu) filter (where started_on is not null and land_mu > 0) as landed_mu,
        sum(equipment_cum) filter (where started_on is not null) as equipment,
        sum(investment_cum) filter (where started_on is not null) as investment,
        sum(floor_area) filter (where completed_on is not null and owned_square_metres > 0)
            as floor_area,
        sum(owned_square_metres) filter (where completed_on is not null and floor_area is not null)
            as owned_square_metres,
        sum(investment_cum) filter (
            where started_on is not null and scheduled_investment is not null
        ) as gap_investment,
        sum(scheduled_investment) filter (where started_on is not null) as gap_scheduled,
        sum(scheduled_a_day) filter (where started_on is not null) as gap_a_day
    from in_cuts
    group by all

),

of_firms as (

    select
        span,
        window_start,
        window_end,
        cut_kind,
        cut_value,
        reading,
        sum(asked_investment) as asked_investment,
        sum(invoiced_sales_12m) filter (where is_asked) as asked_sales,
        sum(tax_12m) filter (where is_asked) as asked_tax,
        sum(invoiced_sales_12m) filter (where is_produced) as sales,
        sum(tax_12m) filter (where is_produced) as tax,
        sum(tax_gross_12m) filter (where is_produced) as tax_gross,
        sum(tax_refund_12m) filter (where is_produced) as tax_refund,
        -- A firm whose land nobody knows is in neither.
        sum(tax_12m) filter (where is_produced and land_mu > 0) as landed_tax,
        sum(tax_gross_12m) filter (where is_produced and land_mu > 0) as landed_tax_gross,
        sum(tax_refund_12m) filter (where is_produced and land_mu > 0) as landed_tax_refund,
        sum(land_mu) filter (where is_produced and land_mu > 0) as firm_mu,
        sum(tax_12m) filter (where is_produced and evaluated_mu > 0) as evaluated_tax,
        sum(evaluated_mu) filter (where is_produced) as evaluated_mu,
        count(*) filter (where is_completed and is_above_scale) as firms_above_scale,
        count(*) filter (where is_completed) as firms_completed
    from firms_in_cells
    group by all

),

-- Every measure has a row in every span of every cut value: a cell without a firm is empty, not
-- missing.
cut_values as (

    select distinct
        cut_kind,
        cut_value
    from cuts

),

grid as (

    select
        points.span,
        points.window_start,
        points.window_end,
        cut_values.cut_kind,
        cut_values.cut_value,
        readings.reading
    from points
    cross join cut_values
    cross join readings
    where
        points.span <> 'month'
        or cut_values.cut_kind in ('district', 'reporting_unit')

),

cells as (

    select
        grid.span,
        grid.window_start,
        grid.window_end,
        grid.cut_kind,
        grid.cut_value,
        grid.reading,
        of_firms.asked_investment,
        of_projects.landed_investment,
        of_projects.landed_mu,
        of_projects.equipment,
        of_projects.investment,
        of_projects.floor_area,
        of_projects.owned_square_metres,
        of_projects.gap_investment,
        of_projects.gap_scheduled,
        of_projects.gap_a_day,
        of_firms.asked_sales,
        of_firms.asked_tax,
        of_firms.sales,
        of_firms.tax,
        of_firms.tax_gross,
        of_firms.tax_refund,
        of_firms.landed_tax,
        of_firms.landed_tax_gross,
        of_firms.landed_tax_refund,
        of_firms.firm_mu,
        of_firms.evaluated_tax,
        of_firms.evaluated_mu,
        of_firms.firms_above_scale,
        of_firms.firms_completed
    from grid
    left join of_projects
        on
            grid.span = of_projects.span
            and grid.window_start = of_projects.window_start
            and grid.window_end = of_projects.window_end
            and grid.cut_kind = of_projects.cut_kind
            and grid.cut_value = of_projects.cut_value
            and grid.reading = of_projects.reading
    left join of_firms
        on
            grid.span = of_firms.span
            and grid.window_start = of_firms.window_start
            and grid.window_end = of_firms.window_end
            and grid.cut_kind = of_firms.cut_kind
            and grid.cut_value = of_firms.cut_value
            and grid.reading = of_firms.reading

),

measured as (
    {%- set ratios = [
        ('output_input_ratio', 'main', 'amount', 'asked_sales', 'asked_investment'),
        ('output_input_ratio', 'tax', 'amount', 'asked_tax', 'asked_investment'),
        ('tax_per_mu', 'main', 'amount', 'landed_tax', 'firm_mu'),
        ('tax_per_mu', 'gross', 'amount', 'landed_tax_gross', 'firm_mu'),
        ('tax_per_mu', 'refund', 'amount', 'landed_tax_refund', 'firm_mu'),
        ('tax_per_mu', 'evaluated_area', 'amount', 'evaluated_tax', 'evaluated_mu'),
        ('investment_intensity', 'main', 'amount', 'landed_investment', 'landed_mu'),
        ('equipment_share', 'main', 'amount', 'equipment', 'investment'),
        ('far', 'main', 'amount', 'floor_area', 'owned_square_metres'),
        ('above_scale_rate', 'main', 'count', 'firms_above_scale', 'firms_completed'),
    ] %}
    {%- set sums = [
        ('invoiced_sales_12m', 'main', 'sales'),
        ('tax_12m', 'main', 'tax'),
        ('tax_12m', 'gross', 'tax_gross'),
        ('tax_12m', 'refund', 'tax_refund'),
    ] %}
    {% for measure, variant, basis, numerator, denominator in ratios %}
        select
            span,
            window_start,
            window_end,
            cut_kind,
            cut_value,
            reading,
            '{{ measure }}' as measure,
            '{{ variant }}' as variant,
            '{{ basis }}' as basis,
            cast(coalesce({{ numerator }}, 0) as decimal(20, 4)) as numerator,
            cast(coalesce({{ denominator }}, 0) as decimal(20, 4)) as denominator,
            {{ exact_ratio(
                "cast(coalesce(" ~ numerator ~ ", 0) as decimal(20, 4))",
                "cast(coalesce(" ~ denominator ~ ", 0) as decimal(20, 4))",
            ) }} as value
        from cells

        union all
    {% endfor %}
    {% for measure, variant, numerator in sums %}
        select
            span,
            window_start,
            window_end,
            cut_kind,
            cut_value,
            reading,
            '{{ measure }}' as measure,
            '{{ variant }}' as variant,
            'amount' as basis,
            cast(coalesce({{ numerator }}, 0) as decimal(20, 4)) as numerator,
            cast(null as decimal(20, 4)) as denominator,
            cast(coalesce({{ numerator }}, 0) as decimal(18, 6)) as value
        from cells

        union all
    {% endfor %}
    -- 序时进度: ahead of the straight line is positive; in days by what the line asks for a day.
    select
        span,
        window_start,
        window_end,
        cut_kind,
        cut_value,
        reading,
        'schedule_gap' as measure,
        'main' as variant,
        'amount' as basis,
        cast(gap_investment as decimal(20, 4)) as numerator,
        cast(gap_scheduled as decimal(20, 4)) as denominator,
        cast(gap_investment - gap_scheduled as decimal(18, 6)) as value
    from cells

    union all

    select
        span,
        window_start,
        window_end,
        cut_kind,
        cut_value,
        reading,
        'schedule_gap' as measure,
        'days' as variant,
        'amount' as basis,
        cast(gap_investment - gap_scheduled as decimal(20, 4)) as numerator,
        cast(gap_a_day as decimal(20, 4)) as denominator,
        {{ exact_ratio(
            "cast(gap_investment - gap_scheduled as decimal(20, 4))",
            "cast(gap_a_day as decimal(20, 4))",
        ) }} as value
    from cells

),

final as (

    select
        points.span,
        points.plan_name,
        points.plan_year,
        points.window_start,
        points.window_end,
        points.evaluated_on,
        points.closes_on,
        measured.cut_kind,
        measured.cut_value,
        measured.reading,
        measured.measure,
        measured.variant,
        measured.basis,
        measured.numerator,
        measured.denominator,
        measured.value
    from measured
    inner join points
        on
            measured.span = points.span
            and measured.window_start = points.window_start
            and measured.window_end = points.window_end

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
    measure,
    variant,
    basis,
    numerator,
    denominator,
    value
from final
