-- One row a cell, firm and month of the panel in which output is regressed on power (R24): firms
-- that report for long enough, on meters of their own. A cell is a division with enough firms; a
-- firm of a smaller one stands in the cell of its section, among all firms of that.

with

firm_months as (

    select
        district_code,
        uscc,
        stat_period,
        industry_division,
        industry_section,
        output_value,
        covered_kwh,
        months_covered,
        power_kwh,
        is_shared_meter,
        has_own_generation
    from {{ ref('int_check__firm_month') }}

),

rules as (

    select
        {{ check_threshold('R24', 'minimum_months') }} as minimum_months,
        {{ check_threshold('R24', 'minimum_peers') }} as minimum_peers

),

firms as (

    select
        district_code,
        uscc,
        industry_division,
        industry_section,
        coalesce(
            sum(months_covered) filter (where output_value > 0 and covered_kwh > 0), 0
        ) as months_held,
        count(power_kwh) as readings,
        bool_or(is_shared_meter) as shares_meter,
        bool_or(has_own_generation) as generates
    from firm_months
    group by district_code, uscc, industry_division, industry_section
    having count(output_value) > 0

),

reasoned as (

    select
        firms.*,
        case
            when firms.readings = 0 then 'accounts_not_mapped'
            when firms.shares_meter then 'shared_meter'
            when firms.generates then 'own_generation'
            when firms.industry_section is null then 'industry_unknown'
            -- Sections of GB/T 4754 in which power says nothing: services, offices, software.
            when firms.industry_section in ('I', 'J', 'K', 'L', 'M', 'O', 'P', 'Q', 'R')
                then 'negligible_power'
        end as reason,
        firms.months_held >= rules.minimum_months as is_long,
        rules.minimum_peers
    from firms
    cross join rules

),

counted as (

    select
        *,
        count(*) filter (where reason is null and is_long)
            over (partition by industry_division) as division_firms,
        count(*) filter (where reason is null and is_long) over (partition by industry_section)
            as section_firms
    from reasoned

),

placed as (

    select
        district_code,
        uscc,
        industry_division,
        industry_section,
        months_held,
        reason is null and is_long as is_held,
        case
            when reason is not null or not is_long then null
            when division_firms > minimum_peers then industry_division
            when section_firms > minimum_peers then industry_section
        end as own_cell,
        coalesce(
            reason,
            case
                when
                    is_long and greatest(division_firms, section_firms) <= minimum_peers
                    then 'peers_too_few'
            end
        ) as na_reason
    from counted

),

cells as (

    select distinct own_cell as cell
    from placed
    where own_cell is not null

),

members as (

    select
        cells.cell,
        placed.district_code,
        placed.uscc,
        placed.own_cell,
        placed.months_held,
        placed.na_reason
    from placed
    inner join cells on cells.cell in (placed.industry_division, placed.industry_section)
    where placed.is_held

    union all

    select
        cast(null as varchar) as cell,
        district_code,
        uscc,
        own_cell,
        months_held,
        na_reason
    from placed
    where own_cell is null

),

final as (

    select
        members.cell,
        members.district_code,
        members.uscc,
        firm_months.stat_period,
        coalesce(members.cell = members.own_cell, true) as is_own_cell,
        members.months_held,
        members.na_reason,
        firm_months.output_value,
        firm_months.covered_kwh
    from members
    inner join firm_months
        on
            members.district_code = firm_months.district_code
            and members.uscc = firm_months.uscc
    where firm_months.output_value is not null

)

select
    cell,
    district_code,
    uscc,
    stat_period,
    is_own_cell,
    months_held,
    na_reason,
    output_value,
    covered_kwh
from final
