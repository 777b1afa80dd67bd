-- What the projects had brought by the day on which a span closes: a state on that day, of ledger
-- projects that stood then, by cut and reading.

with

projects as (

    select
        project_id,
        district_code,
        uscc,
        is_leased,
        withdrawn_on
    from {{ ref('fct_project_funnel') }}
    where is_in_ledger

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

reached as (

    select
        project_id,
        reading,
        stage,
        reached_on,
        complete_on
    from {{ ref('int_retrospective__reached') }}
    where stage in ('started', 'completed', 'produced')

),

invested as (

    select
        project_id,
        invested_by,
        investment_cum,
        equipment_cum,
        scheduled_investment,
        scheduled_a_day
    from {{ ref('int_retrospective__invested') }}

),

parcels as (

    select
        project_id,
        land_area_mu,
        contracted_on
    from {{ ref('int_retrospective__parcel') }}

),

sites as (

    select
        project_id,
        leased_mu,
        leased_out_mu,
        floor_area
    from {{ ref('int_retrospective__site') }}

),

firms as (

    select
        district_code,
        uscc,
        closes_on,
        invoiced_sales_12m,
        tax_12m,
        tax_gross_12m,
        tax_refund_12m,
        land_mu,
        evaluated_mu,
        is_above_scale
    from {{ ref('int_retrospective__firm') }}

),

days as (

    select distinct closes_on from points

),

rules as (

    select
        cast({{ rule('retrospective_rule', 'result_min_months') }} as integer) as min_months,
        {{ rule('retrospective_rule', 'square_metres_per_mu') }} as square_metres_per_mu

),

owned as (

    select
        parcels.project_id,
        days.closes_on,
        sum(parcels.land_area_mu) as owned_mu
    from parcels
    inner join days on parcels.contracted_on <= days.closes_on
    group by parcels.project_id, days.closes_on

),

-- The state of every project that had started on the day.
states as (

    select
        projects.project_id,
        projects.district_code,
        projects.uscc,
        projects.is_leased,
        reached.reading,
        days.closes_on,
        max(reached.reached_on) filter (where reached.stage = 'started') as started_on,
        max(reached.reached_on) filter (where reached.stage = 'completed') as completed_on,
        max(reached.reached_on) filter (where reached.stage = 'produced') as produced_on
    from projects
    inner join reached on projects.project_id = reached.project_id
    inner join days
        on
            reached.reached_on <= days.closes_on
            and reached.complete_on <= days.closes_on
            and coalesce(projects.withdrawn_on > days.closes_on, true)
    group by
        projects.project_id,
        projects.district_code,
        projects.uscc,
        projects.is_leased,
        reached.reading,
        days.closes_on

),

described as (

    select
        states.project_id,
        states.district_code,
        states.uscc,
        states.reading,
        states.closes_on,
        states.started_on,
        states.completed_on,
        states.produced_on,
        -- A leased plant passes 竣工 with production.
        states.completed_on is not null
        or (states.is_leased and states.produced_on is not null) as is_completed,
        states.produced_on + to_months(rules.min_months) <= states.closes_on as is_asked,
        invested.investment_cum,
        invested.equipment_cum,
        invested.scheduled_investment,
        invested.scheduled_a_day,
        coalesce(owned.owned_mu, 0) + coalesce(sites.leased_mu - sites.leased_out_mu, 0)
            as land_mu,
        owned.owned_mu * rules.square_metres_per_mu as owned_square_metres,
        sites.floor_area
    from states
    cross join rules
    inner join invested
        on
            states.project_id = invested.project_id
            and states.closes_on = invested.invested_by
    left join owned
        on
            states.project_id = owned.project_id
            and states.closes_on = owned.closes_on
    left join sites on states.project_id = sites.project_id

),

in_cuts as (

    select
        points.span,
        points.window_start,
        points.window_end,
        cuts.cut_kind,
        cuts.cut_value,
        described.project_id,
        described.district_code,
        described.uscc,
        described.reading,
        described.closes_on,
        described.started_on,
        described.completed_on,
        described.produced_on,
        described.is_completed,
        described.is_asked,
        described.investment_cum,
        described.equipment_cum,
        described.scheduled_investment,
        described.scheduled_a_day,
        described.land_mu,
        described.owned_square_metres,
        described.floor_area
    from described
    inner join points on described.closes_on = points.closes_on
    inner join cuts on described.project_id = cuts.project_id
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
        sum(investment_cum) filter (where is_asked and uscc is not null) as asked_investment,
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

-- Sales, tax and land belong to the firm: a firm with two projects in a cell is there once.
firms_in_cuts as (

    select
        span,
        window_start,
        window_end,
        cut_kind,
        cut_value,
        reading,
        district_code,
        uscc,
        closes_on,
        bool_or(coalesce(is_asked, false)) as is_asked,
        bool_or(produced_on is not null) as is_produced,
        bool_or(is_completed) as is_completed
    from in_cuts
    where uscc is not null
    group by all

),

of_firms as (

    select
        firms_in_cuts.span,
        firms_in_cuts.window_start,
        firms_in_cuts.window_end,
        firms_in_cuts.cut_kind,
        firms_in_cuts.cut_value,
        firms_in_cuts.reading,
        sum(firms.invoiced_sales_12m) filter (where firms_in_cuts.is_asked) as asked_sales,
        sum(firms.tax_12m) filter (where firms_in_cuts.is_asked) as asked_tax,
        sum(firms.invoiced_sales_12m) filter (where firms_in_cuts.is_produced) as sales,
        sum(firms.tax_12m) filter (where firms_in_cuts.is_produced) as tax,
        sum(firms.tax_gross_12m) filter (where firms_in_cuts.is_produced) as tax_gross,
        sum(firms.tax_refund_12m) filter (where firms_in_cuts.is_produced) as tax_refund,
        sum(firms.tax_12m) filter (where firms_in_cuts.is_produced and firms.land_mu > 0)
            as landed_tax,
        sum(firms.tax_gross_12m) filter (where firms_in_cuts.is_produced and firms.land_mu > 0)
            as landed_tax_gross,
        sum(firms.tax_refund_12m) filter (where firms_in_cuts.is_produced and firms.land_mu > 0)
            as landed_tax_refund,
        sum(firms.land_mu) filter (where firms_in_cuts.is_produced and firms.land_mu > 0)
            as firm_mu,
        sum(firms.tax_12m) filter (where firms_in_cuts.is_produced and firms.evaluated_mu > 0)
            as evaluated_tax,
        sum(firms.evaluated_mu) filter (where firms_in_cuts.is_produced) as evaluated_mu,
        count(*) filter (where firms_in_cuts.is_completed and firms.is_above_scale)
            as firms_above_scale,
        count(*) filter (where firms_in_cuts.is_completed) as firms_completed
    from firms_in_cuts
    inner join firms
        on
            firms_in_cuts.district_code = firms.district_code
            and firms_in_cuts.uscc = firms.uscc
            and firms_in_cuts.closes_on = firms.closes_on
    group by
        firms_in_cuts.span,
        firms_in_cuts.window_start,
        firms_in_cuts.window_end,
        firms_in_cuts.cut_kind,
        firms_in_cuts.cut_value,
        firms_in_cuts.reading

),

-- Every measure has a row in every span of every cut value: a cell without a firm is empty, not
-- missing.
cut_values as (

    select distinct
        cut_kind,
        cut_value
    from cuts

),

readings as (

    select distinct reading from reached

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
        of_projects.asked_investment,
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
