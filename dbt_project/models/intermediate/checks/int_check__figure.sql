-- The figures whose digits R20-R22 look at (checks.md, values of R20-R22): investment of a month,
-- planned investment of a filing, output of a month, none of them zero. A figure that a reporter
-- repeats in the next report is R14's matter and counts once.

with

boards as (

    select
        district_code,
        reporting_unit
    from {{ ref('dim_reporting_unit') }}

),

investment as (

    select
        district_code,
        reporting_unit,
        'fai.investment_month' as series,
        project_code as reporter,
        stat_period as figure_on,
        investment_month as figure,
        {{ evidence_cell('fai', 'fai', 'investment_month') }} as cell
    from {{ ref('fct_investment_month') }} as fai
    where investment_month <> 0 and stat_period <= {{ as_of() }}

),

outputs as (

    select
        district_code,
        reporting_unit,
        'output.output_value' as series,
        uscc as reporter,
        stat_period as figure_on,
        output_value as figure,
        {{ evidence_cell('output', 'output', 'output_value') }} as cell
    from {{ ref('fct_output_month') }} as output
    where output_value <> 0 and stat_period <= {{ as_of() }}

),

plans as (

    select
        district_code,
        reporting_unit,
        'filing.planned_investment' as series,
        project_code as reporter,
        filing_date as figure_on,
        planned_investment as figure,
        planned_cell as cell
    from {{ ref('int_check__filing') }}
    where planned_investment <> 0

),

figures as (

    select *
    from investment

    union all by name

    select *
    from outputs

    union all by name

    select *
    from plans

),

-- checks.md: u is the largest power of ten, 0.01 to 1000, that divides every value of a reporter.
-- One or two values beside it (a correction, a slip) do not make a coarse reporter a fine one: they
-- are left out. A plan is one value, and stands in 万元.
scaled as (

    select
        *,
        cast(abs(figure) * 100 as bigint) as cents,
        count(*) over same as reporter_count,
        count(*) filter (where figure % 1000 = 0) over same as thousands,
        count(*) filter (where figure % 100 = 0) over same as hundreds,
        count(*) filter (where figure % 10 = 0) over same as tens,
        count(*) filter (where figure % 1 = 0) over same as ones,
        count(*) filter (where figure % 0.1 = 0) over same as tenths,
        lag(figure) over (
            partition by district_code, series, reporter
            order by figure_on
        ) as figure_before
    from figures
    window same as (partition by district_code, series, reporter)

),

allowed as (

    select
        *,
        greatest(
            reporter_count - {{ check_threshold('R21', 'unit_exceptions') }},
            reporter_count * {{ check_threshold('R21', 'unit_share') }}
        ) as enough
    from scaled

),

measured as (

    select
        *,
        case
            when series = 'filing.planned_investment' then 100
            when thousands >= enough then 100000
            when hundreds >= enough then 10000
            when tens >= enough then 1000
            when ones >= enough then 100
            when tenths >= enough then 10
            else 1
        end as unit_cents
    from allowed

),

final as (

    select
        measured.district_code,
        measured.reporting_unit,
        measured.series,
        measured.reporter,
        measured.figure_on,
        year(measured.figure_on) as stat_year,
        abs(measured.figure) as figure,
        case
            when
                measured.series = 'filing.planned_investment'
                or measured.cents % measured.unit_cents = 0
                then measured.cents // measured.unit_cents
            else 0
        end as units,
        measured.cell
    from measured
    inner join boards
        on
            measured.district_code = boards.district_code
            and measured.reporting_unit = boards.reporting_unit
    where
        measured.figure_before is null
        or measured.figure_before <> measured.figure
        or measured.series = 'filing.planned_investment'

)

select
    district_code,
    reporting_unit,
    series,
    reporter,
    figure_on,
    stat_year,
    figure,
    units,
    cell
from final
