-- R19: rates of growth that several firms of a board share to the third place, month by month, and
-- how many firms of the other boards grew by about as much. Without a shared rate one row says so.

with

outputs as (

    select
        district_code,
        reporting_unit,
        uscc,
        stat_period,
        output_value,
        {{ evidence_cell('output', 'output', 'output_value') }} as cell
    from {{ ref('fct_output_month') }} as output
    where output_value is not null and stat_period <= {{ as_of() }}

),

rates as (

    select
        this.district_code,
        this.reporting_unit,
        this.uscc,
        this.stat_period,
        -- Whole thousandths: the rate itself is rounded as checks.md says, half away from zero.
        cast(round((this.output_value - past.output_value) * 1000 / past.output_value) as bigint)
            as per_mille,
        [past.cell, this.cell] as cells
    from outputs as this
    inner join outputs as past
        on
            this.district_code = past.district_code
            and this.uscc = past.uscc
            and last_day(this.stat_period - interval 12 month) = past.stat_period
    where past.output_value > 0

),

boards as (

    select
        district_code,
        reporting_unit
    from {{ ref('dim_reporting_unit') }}

),

first_reports as (

    select
        district_code,
        min(stat_period) as first_period
    from outputs
    group by district_code

),

-- Two years of reports make the first rate; January has no report.
months as (

    select distinct
        outputs.district_code,
        outputs.stat_period
    from outputs
    inner join first_reports
        on
            outputs.district_code = first_reports.district_code
            and outputs.stat_period >= first_reports.first_period + interval 12 month

),

sized as (

    select
        district_code,
        reporting_unit,
        stat_period,
        count(*) as firm_count,
        count(distinct per_mille) as rate_count,
        sum(count(*)) over (partition by district_code, stat_period) - count(*) as other_count
    from rates
    group by district_code, reporting_unit, stat_period

),

shared as (

    select
        district_code,
        reporting_unit,
        stat_period,
        per_mille,
        count(*) as alike_count,
        flatten(list(cells order by uscc)) as cells
    from rates
    group by district_code, reporting_unit, stat_period, per_mille
    having count(*) >= {{ check_threshold('R19', 'alike') }}

),

close_by as (

    select
        shared.district_code,
        shared.reporting_unit,
        shared.stat_period,
        shared.per_mille,
        count(*) as close_count,
        count(*) filter (where shared.per_mille = rates.per_mille) as exact_count
    from shared
    inner join rates
        on
            shared.district_code = rates.district_code
            and shared.stat_period = rates.stat_period
            and shared.reporting_unit <> rates.reporting_unit
            and abs(shared.per_mille - rates.per_mille)
            <= 1000 * {{ check_threshold('R19', 'window') }}
    group by all

),

final as (

    select
        boards.district_code,
        boards.reporting_unit,
        months.stat_period,
        strftime(months.stat_period, '%Y-%m') as period,
        coalesce(sized.firm_count, 0) as firm_count,
        coalesce(sized.rate_count, 0) as rate_count,
        coalesce(sized.other_count, 0) as other_count,
        shared.per_mille,
        shared.alike_count,
        coalesce(close_by.close_count, 0) as close_count,
        coalesce(close_by.exact_count, 0) as exact_count,
        shared.cells,
        -- Half a firm where nobody else grew like that. Some rates, of round figures, are frequent
        -- by themselves: 0, or 100 per mille.
        sized.firm_count
        * greatest(
            coalesce(close_by.close_count, 0),
            coalesce(close_by.exact_count, 0)
            * (2000 * {{ check_threshold('R19', 'window') }} + 1),
            0.5
        )
        / ((2000 * {{ check_threshold('R19', 'window') }} + 1) * greatest(sized.other_count, 1))
            as expected_count
    from boards
    inner join months on boards.district_code = months.district_code
    left join sized
        on
            boards.district_code = sized.district_code
            and boards.reporting_unit = sized.reporting_unit
            and months.stat_period = sized.stat_period
    left join shared
        on
            boards.district_code = shared.district_code
            and boards.reporting_unit = shared.reporting_unit
            and months.stat_period = shared.stat_period
    left join close_by
        on
            shared.district_code = close_by.district_code
            and shared.reporting_unit = close_by.reporting_unit
            and shared.stat_period = close_by.stat_period
            and shared.per_mille = close_by.per_mille

)

select
    district_code,
    reporting_unit,
    stat_period,
    period,
    firm_count,
    rate_count,
    other_count,
    per_mille,
    alike_count,
    close_count,
    exact_count,
    cells,
    expected_count
from final
