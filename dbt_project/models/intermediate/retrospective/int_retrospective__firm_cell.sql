-- What every firm brings into every cell (span, cut value, reading) on the day on which the span
-- closes: the list behind the sales, tax and land of the retrospective. Sales, tax and land belong
-- to the firm, so a firm with two projects in a cell is there once.

with

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

cuts as (

    select
        project_id,
        cut_kind,
        cut_value
    from {{ ref('int_funnel__cut') }}

),

states as (

    select
        project_id,
        district_code,
        uscc,
        reading,
        closes_on,
        produced_on,
        is_completed,
        is_asked,
        investment_cum
    from {{ ref('int_retrospective__state') }}
    where uscc is not null

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

in_cuts as (

    select
        points.span,
        points.plan_name,
        points.plan_year,
        points.window_start,
        points.window_end,
        cuts.cut_kind,
        cuts.cut_value,
        states.district_code,
        states.uscc,
        states.reading,
        states.closes_on,
        states.produced_on,
        states.is_completed,
        states.is_asked,
        states.investment_cum
    from states
    inner join points on states.closes_on = points.closes_on
    inner join cuts on states.project_id = cuts.project_id
    where
        points.span <> 'month'
        or cuts.cut_kind in ('district', 'reporting_unit')

),

firms_in_cells as (

    select
        span,
        plan_name,
        plan_year,
        window_start,
        window_end,
        closes_on,
        cut_kind,
        cut_value,
        reading,
        district_code,
        uscc,
        bool_or(coalesce(is_asked, false)) as is_asked,
        bool_or(produced_on is not null) as is_produced,
        bool_or(is_completed) as is_completed,
        coalesce(sum(investment_cum) filter (where is_asked), 0) as asked_investment
    from in_cuts
    group by all

),

final as (

    select
        firms_in_cells.span,
        firms_in_cells.plan_name,
        firms_in_cells.plan_year,
        firms_in_cells.window_start,
        firms_in_cells.window_end,
        firms_in_cells.closes_on,
        firms_in_cells.cut_kind,
        firms_in_cells.cut_value,
        firms_in_cells.reading,
        firms_in_cells.district_code,
        firms_in_cells.uscc,
        firms_in_cells.is_asked,
        firms_in_cells.is_produced,
        firms_in_cells.is_completed,
        firms.is_above_scale,
        firms_in_cells.asked_investment,
        firms.invoiced_sales_12m,
        firms.tax_12m,
        firms.tax_gross_12m,
        firms.tax_refund_12m,
        firms.land_mu,
        firms.evaluated_mu
    from firms_in_cells
    inner join firms
        on
            firms_in_cells.district_code = firms.district_code
            and firms_in_cells.uscc = firms.uscc
            and firms_in_cells.closes_on = firms.closes_on

)

select
    span,
    plan_name,
    plan_year,
    window_start,
    window_end,
    closes_on,
    cut_kind,
    cut_value,
    reading,
    district_code,
    uscc,
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
from final
