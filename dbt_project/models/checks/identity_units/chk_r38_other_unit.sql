-- Stocks that differ by a factor between units from what they were, or from what another department
-- says; whole files of a flow in another unit (checks.md R38). Never a single flow value.

with

unit_factors as (

    select
        unnest([
            {{ check_threshold('R38', 'factor_tenfold') }},
            {{ check_threshold('R38', 'factor_mu_of_hectare') }},
            {{ check_threshold('R38', 'factor_half_more') }},
            {{ check_threshold('R38', 'factor_hundredfold') }},
            {{ check_threshold('R38', 'factor_ten_thousand') }},
            {{ check_threshold('R38', 'factor_dollar') }}
        ]) as factor

),

factors as (

    select cast(factor as double) as factor
    from unit_factors

    union all

    select 1 / cast(factor as double) as factor
    from unit_factors

),

file_unit_factors as (

    select
        unnest([
            {{ check_threshold('R38', 'flow_factor_hundredfold') }},
            {{ check_threshold('R38', 'flow_factor_ten_thousand') }}
        ]) as factor

),

flow_factors as (

    select cast(factor as double) as factor
    from file_unit_factors

    union all

    select 1 / cast(factor as double) as factor
    from file_unit_factors

),

limits as (

    select
        cast({{ check_threshold('R38', 'tolerance') }} as double) as tolerance,
        cast({{ check_threshold('R38', 'flow_band') }} as double) as flow_band,
        cast({{ check_threshold('R38', 'flow_months') }} as integer) as flow_months,
        cast({{ check_threshold('R38', 'flow_least') }} as integer) as flow_least

),

projects as (

    select
        district_code,
        project_id,
        entity_id,
        signing_row_no,
        uscc,
        reporting_unit
    from {{ ref('int_check__project') }}

),

links as (

    select
        district_code,
        project_code,
        project_id
    from {{ ref('int_match__project_code') }}
    where project_id is not null

),

parcels as (

    select
        district_code,
        land_supervision_no,
        company_name,
        project_id
    from {{ ref('fct_land') }}
    where project_id is not null

),

versions as (

    select
        projects.district_code,
        projects.project_id,
        'investment' as measure,
        'signing' as source,
        '签约台账' as source_zh,
        '' as key,
        signing.signed_investment as value,
        signing.valid_from as told_on,
        signing.valid_to is null as is_standing,
        {{ evidence_cell('signing', 'signing', 'signed_investment') }} as cell
    from {{ ref('int_signing__history') }} as signing
    inner join projects
        on
            signing.district_code = projects.district_code
            and signing.signing_row_no = projects.signing_row_no
    where signing.signed_investment > 0

    union all

    select
        projects.district_code,
        projects.project_id,
        'land_area' as measure,
        'signing' as source,
        '签约台账' as source_zh,
        '' as key,
        signing.land_area as value,
        signing.valid_from as told_on,
        signing.valid_to is null as is_standing,
        {{ evidence_cell('signing', 'signing', 'land_area') }} as cell
    from {{ ref('int_signing__history') }} as signing
    inner join projects
        on
            signing.district_code = projects.district_code
            and signing.signing_row_no = projects.signing_row_no
    where signing.land_area > 0

    union all

    select
        projects.district_code,
        projects.project_id,
        'leased_floor_area' as measure,
        'signing' as source,
        '签约台账' as source_zh,
        '' as key,
        signing.leased_floor_area as value,
        signing.valid_from as told_on,
        signing.valid_to is null as is_standing,
        {{ evidence_cell('signing', 'signing', 'leased_floor_area') }} as cell
    from {{ ref('int_signing__history') }} as signing
    inner join projects
        on
            signing.district_code = projects.district_code
            and signing.signing_row_no = projects.signing_row_no
    where signing.leased_floor_area > 0

    union all

    select
        projects.district_code,
        projects.project_id,
        'planned_floor_area' as measure,
        'signing' as source,
        '签约台账' as source_zh,
        '' as key,
        signing.planned_floor_area as value,
        signing.valid_from as told_on,
        signing.valid_to is null as is_standing,
        {{ evidence_cell('signing', 'signing', 'planned_floor_area') }} as cell
    from {{ ref('int_signing__history') }} as signing
    inner join projects
        on
            signing.district_code = projects.district_code
            and signing.signing_row_no = projects.signing_row_no
    where signing.planned_floor_area > 0

    union all

    select
        projects.district_code,
        projects.project_id,
        'investment' as measure,
        'agreement' as source,
        '履约协议' as source_zh,
        '' as key,
        agreement.agreed_investment as value,
        agreement.valid_from as told_on,
        agreement.valid_to is null as is_standing,
        {{ evidence_cell('agreement', 'agreement', 'agreed_investment') }} as cell
    from {{ ref('int_agreement__history') }} as agreement
    inner join projects
        on
            agreement.district_code = projects.district_code
            and agreement.signing_row_no = projects.signing_row_no
    where agreement.agreed_investment > 0

    union all

    select
        projects.district_code,
        projects.project_id,
        'land_area' as measure,
        'agreement' as source,
        '履约协议' as source_zh,
        '' as key,
        agreement.agreed_land_area as value,
        agreement.valid_from as told_on,
        agreement.valid_to is null as is_standing,
        {{ evidence_cell('agreement', 'agreement', 'agreed_land_area') }} as cell
    from {{ ref('int_agreement__history') }} as agreement
    inner join projects
        on
            agreement.district_code = projects.district_code
            and agreement.signing_row_no = projects.signing_row_no
    where agreement.agreed_land_area > 0

    union all

    select
        projects.district_code,
        projects.project_id,
        'land_area' as measure,
        'completion' as source,
        '项目总表' as source_zh,
        '' as key,
        completion.actual_land_area as value,
        completion.valid_from as told_on,
        completion.valid_to is null as is_standing,
        {{ evidence_cell('completion', 'completion', 'actual_land_area') }} as cell
    from {{ ref('int_completion__history') }} as completion
    inner join projects
        on
            completion.district_code = projects.district_code
            and completion.signing_row_no = projects.signing_row_no
    where completion.actual_land_area > 0

    union all

    select
        projects.district_code,
        projects.project_id,
        'leased_floor_area' as measure,
        'completion' as source,
        '项目总表' as source_zh,
        '' as key,
        completion.leased_floor_area as value,
        completion.valid_from as told_on,
        completion.valid_to is null as is_standing,
        {{ evidence_cell('completion', 'completion', 'leased_floor_area') }} as cell
    from {{ ref('int_completion__history') }} as completion
    inner join projects
        on
            completion.district_code = projects.district_code
            and completion.signing_row_no = projects.signing_row_no
    where completion.leased_floor_area > 0

    union all

    select
        projects.district_code,
        projects.project_id,
        'investment' as measure,
        'filing' as source,
        '备案' as source_zh,
        links.project_code as key,
        filing.planned_investment as value,
        filing.valid_from as told_on,
        filing.valid_to is null and not filing.is_withdrawn as is_standing,
        {{ evidence_cell('filing', 'filing', 'planned_investment') }} as cell
    from {{ ref('int_filing__history') }} as filing
    inner join links
        on
            filing.district_code = links.district_code
            and {{ project_code_key("filing.project_code") }} = links.project_code
    inner join projects on links.project_id = projects.project_id
    where filing.planned_investment > 0

    union all

    select
        projects.district_code,
        projects.project_id,
        'land_area' as measure,
        'filing' as source,
        '备案' as source_zh,
        links.project_code as key,
        filing.land_area as value,
        filing.valid_from as told_on,
        filing.valid_to is null and not filing.is_withdrawn as is_standing,
        {{ evidence_cell('filing', 'filing', 'land_area') }} as cell
    from {{ ref('int_filing__history') }} as filing
    inner join links
        on
            filing.district_code = links.district_code
            and {{ project_code_key("filing.project_code") }} = links.project_code
    inner join projects on links.project_id = projects.project_id
    where filing.land_area > 0

    union all

    select
        projects.district_code,
        projects.project_id,
        'land_area' as measure,
        'land' as source,
        '土地供应结果' as source_zh,
        land.land_supervision_no as key,
        land.land_area as value,
        land.valid_from as told_on,
        land.valid_to is null as is_standing,
        {{ evidence_cell('land', 'land', 'land_area') }} as cell
    from {{ ref('int_land__history') }} as land
    inner join parcels
        on
            land.district_code = parcels.district_code
            and land.land_supervision_no = parcels.land_supervision_no
            and land.company_name = parcels.company_name
    inner join projects on parcels.project_id = projects.project_id
    where land.land_area > 0

),

versions_in_order as (

    select
        *,
        lag(value) over (
            partition by project_id, measure, source, key
            order by
                told_on, struct_extract(cell, 'file_sha256'), struct_extract(cell, 'row_number')
        ) as told_before
    from versions

),

-- A statement that is new or says something else than the one before.
changes as (

    select
        * exclude (told_before),
        lag(value) over told as previous_value,
        lag(cell) over told as previous_cell,
        lag(value, 2) over told as earlier_value,
        lead(value) over told as later_value
    from versions_in_order
    where told_before is distinct from value
    window told as (
        partition by project_id, measure, source, key
        order by told_on, struct_extract(cell, 'file_sha256'), struct_extract(cell, 'row_number')
    )

),

-- What stands of a measure at each department: phases and parcels together.
standing as (

    select
        project_id,
        measure,
        source,
        source_zh,
        sum(value) as value,
        count(*) as items,
        max(told_on) as told_on,
        list(cell order by key) as cells
    from changes
    where later_value is null and is_standing
    group by project_id, measure, source, source_zh

),

phases as (

    select
        project_id,
        count(distinct project_code) > 1 as is_phased
    from links
    group by project_id

),

slips_in_time as (

    select
        changes.project_id,
        changes.told_on,
        changes.measure,
        changes.source_zh,
        changes.value,
        '此前' as other_zh,
        changes.previous_value as other_value,
        changes.value / changes.previous_value as ratio,
        factors.factor,
        [changes.cell, changes.previous_cell] as cells
    from changes
    cross join limits
    inner join factors
        on
            abs(changes.value / changes.previous_value / factors.factor - 1)
            <= limits.tolerance
    left join standing as witness
        on
            changes.project_id = witness.project_id
            and changes.measure = witness.measure
            and changes.source <> witness.source
            and abs(changes.value / witness.value - 1)
            <= limits.tolerance
    -- A slip that was put right since, the value that puts it right, and a change that another
    -- department confirms are none.
    where
        not coalesce(
            abs(ln(changes.later_value / changes.previous_value))
            < abs(ln(changes.later_value / changes.value)),
            false
        )
        and witness.project_id is null
        and (
            changes.earlier_value is null
            or abs(changes.value / changes.earlier_value - 1)
            > limits.tolerance
        )

),

-- A part of a phased project may well be two thirds of it.
slips_between as (

    select
        one.project_id,
        greatest(one.told_on, other.told_on) as told_on,
        one.measure,
        one.source_zh,
        one.value,
        other.source_zh as other_zh,
        other.value as other_value,
        one.value / other.value as ratio,
        factors.factor,
        list_concat(one.cells, other.cells) as cells
    from standing as one
    cross join limits
    inner join standing as other
        on
            one.project_id = other.project_id
            and one.measure = other.measure
            and one.source < other.source
    inner join factors
        on
            abs(one.value / other.value / factors.factor - 1)
            <= limits.tolerance
    left join phases on one.project_id = phases.project_id
    where
        (factors.factor > 5 or factors.factor < 0.2)
        or not coalesce(phases.is_phased, false)

),

permits as (

    select
        permit.project_id,
        permit.accepted_on as told_on,
        permit.permit_floor_area as value,
        permit.accepted_floor_area as other_value,
        permit.permit_floor_area / permit.accepted_floor_area as ratio,
        [
            {{ evidence_cell('permit', 'permit', 'permit_floor_area') }},
            {{ evidence_cell(
                'acceptance', 'permit', 'actual_floor_area', 'permit.accepted_floor_area',
                'acceptance_',
            ) }},
        ] as cells
    from {{ ref('fct_permit') }} as permit
    where
        permit.project_id is not null
        and not permit.is_withdrawn
        and permit.permit_floor_area > 0
        and permit.accepted_floor_area > 0
        and permit.acceptance_count = 1

),

slips_of_floors as (

    select
        permits.project_id,
        permits.told_on,
        'floor_area' as measure,
        '施工许可' as source_zh,
        permits.value,
        '竣工验收备案' as other_zh,
        permits.other_value,
        permits.ratio,
        factors.factor,
        permits.cells
    from permits
    cross join limits
    inner join factors
        on
            abs(permits.ratio / factors.factor - 1)
            <= limits.tolerance

),

-- The cumulative figure against the one before and the month together.
reports as (

    select
        project_id,
        project_code,
        stat_period,
        investment_cum,
        previous_cum + investment_month as due_cum,
        lag(previous_cum) over codes
        + lag(investment_month) over codes
        + investment_month as due_since_earlier,
        [
            {{ evidence_cell('fai', 'fai', 'investment_cum') }},
            {{ evidence_cell('fai', 'fai', 'investment_month') }},
            {{ evidence_cell('fai', 'fai', 'investment_cum', 'fai.previous_cum', 'previous_') }},
        ] as cells
    from {{ ref('int_check__fai') }} as fai
    window codes as (partition by project_id, project_code order by stat_period)

),

slips_of_cumulative as (

    select
        reports.project_id,
        reports.stat_period as told_on,
        'cumulative' as measure,
        '月报自开始累计' as source_zh,
        reports.investment_cum as value,
        '上月累计加本月' as other_zh,
        reports.due_cum as other_value,
        reports.investment_cum / reports.due_cum as ratio,
        factors.factor,
        reports.cells
    from reports
    cross join limits
    inner join factors
        on
            abs(reports.investment_cum / nullif(reports.due_cum, 0) / factors.factor - 1)
            <= limits.tolerance
    where
        reports.investment_cum > 0
        and reports.due_cum > 0
        and (
            reports.due_since_earlier is null
            or abs(reports.investment_cum / nullif(reports.due_since_earlier, 0) - 1)
            > limits.tolerance
        )

),

capacities as (

    select
        district_code,
        power_account_no,
        uscc,
        stat_period,
        power_capacity_kva,
        {{ evidence_cell('power', 'power', 'power_capacity_kva') }} as cell
    from {{ ref('fct_power_month') }} as power
    where power_capacity_kva > 0

),

capacity_moves as (

    select
        *,
        lag(power_capacity_kva) over accounts as previous_value,
        lag(cell) over accounts as previous_cell
    from capacities
    window accounts as (partition by district_code, power_account_no order by stat_period)
    qualify power_capacity_kva <> lag(power_capacity_kva) over accounts

),

capacity_changes as (

    select
        *,
        lag(previous_value) over accounts as earlier_value,
        lead(power_capacity_kva) over accounts as later_value
    from capacity_moves
    window accounts as (partition by district_code, power_account_no order by stat_period)

),

slips_of_capacity as (

    select
        changes.district_code,
        changes.uscc,
        changes.stat_period as told_on,
        'capacity' as measure,
        '供电' as source_zh,
        changes.power_capacity_kva as value,
        '上月' as other_zh,
        changes.previous_value as other_value,
        changes.power_capacity_kva / changes.previous_value as ratio,
        factors.factor,
        [changes.cell, changes.previous_cell] as cells
    from capacity_changes as changes
    cross join limits
    inner join factors
        on
            abs(changes.power_capacity_kva / changes.previous_value / factors.factor - 1)
            <= limits.tolerance
    where
        changes.power_capacity_kva is distinct from changes.earlier_value
        and changes.previous_value is distinct from changes.later_value

),

project_slips as (

    select
        project_id,
        told_on,
        measure,
        source_zh,
        value,
        other_zh,
        other_value,
        ratio,
        factor,
        cells
    from slips_in_time

    union all by name

    select
        project_id,
        told_on,
        measure,
        source_zh,
        value,
        other_zh,
        other_value,
        ratio,
        factor,
        cells
    from slips_between

    union all by name

    select
        project_id,
        told_on,
        measure,
        source_zh,
        value,
        other_zh,
        other_value,
        ratio,
        factor,
        cells
    from slips_of_floors

    union all by name

    select
        project_id,
        told_on,
        measure,
        source_zh,
        value,
        other_zh,
        other_value,
        ratio,
        factor,
        cells
    from slips_of_cumulative

),

-- Whatever was told after as_of belongs to its month.
project_months as (

    select
        project_id,
        last_day(least(told_on, {{ as_of() }})) as month_end
    from changes

    union

    select
        project_id,
        last_day(least(told_on, {{ as_of() }})) as month_end
    from permits

    union

    select
        project_id,
        last_day(least(stat_period, {{ as_of() }})) as month_end
    from reports

),

answers as (

    select
        projects.district_code,
        'project' as entity_type,
        projects.entity_id,
        projects.project_id,
        projects.uscc,
        projects.reporting_unit,
        project_months.month_end,
        slips.measure,
        slips.source_zh,
        slips.value,
        slips.other_zh,
        slips.other_value,
        slips.ratio,
        slips.factor,
        slips.cells
    from project_months
    inner join projects on project_months.project_id = projects.project_id
    left join project_slips as slips
        on
            project_months.project_id = slips.project_id
            and project_months.month_end = last_day(least(slips.told_on, {{ as_of() }}))

    union all by name

    select
        changes.district_code,
        'enterprise' as entity_type,
        changes.uscc as entity_id,
        changes.uscc,
        changes.stat_period as month_end,
        slips.measure,
        slips.source_zh,
        slips.value,
        slips.other_zh,
        slips.other_value,
        slips.ratio,
        slips.factor,
        slips.cells
    from capacity_changes as changes
    left join slips_of_capacity as slips
        on
            changes.district_code = slips.district_code
            and changes.uscc = slips.uscc
            and changes.stat_period = slips.told_on
    where changes.uscc is not null

),

worded as (

    select
        *,
        case measure
            when 'investment' then '投资额（万元）'
            when 'land_area' then '用地面积（亩）'
            when 'leased_floor_area' then '租用厂房面积（平方米）'
            when 'planned_floor_area' then '拟建建筑面积（平方米）'
            when 'floor_area' then '建筑面积（平方米）'
            when 'cumulative' then '累计完成投资（万元）'
            when 'capacity' then '运行容量（千伏安）'
        end as measure_zh,
        {{ significant('ratio', 4) }} as said_ratio,
        {{ significant('factor', 4) }} as said_factor
    from answers

),

units as (

    select
        district_code,
        entity_type,
        entity_id,
        month_end as anchor_on,
        any_value(project_id) as project_id,
        any_value(uscc) as uscc,
        any_value(reporting_unit) as reporting_unit,
        count(measure) as slips,
        arg_min(value, row(measure, source_zh, other_zh, value)) as observed,
        arg_min(other_value, row(measure, source_zh, other_zh, value)) as expected,
        arg_min(ratio, row(measure, source_zh, other_zh, value)) as statistic,
        arg_min(factor, row(measure, source_zh, other_zh, value)) as threshold,
        flatten(
            list(cells order by measure, source_zh, other_zh, value) filter (
                where measure is not null
            )
        ) as cells,
        string_agg(
            {{ sentence(
                '{}：{} {}，{} {}',
                ['measure_zh', 'source_zh', 'value', 'other_zh', 'other_value'],
            ) }},
            '；' order by measure, source_zh, other_zh, value
        ) filter (where measure is not null) as facts_zh,
        string_agg(
            {{ sentence('{}: {} against {}', ['measure', 'value', 'other_value']) }},
            '; ' order by measure, source_zh, other_zh, value
        ) filter (where measure is not null) as facts_en,
        string_agg(
            {{ sentence('比值 {}，合单位换算 {}', ['said_ratio', 'said_factor']) }},
            '；' order by measure, source_zh, other_zh, value
        ) filter (where measure is not null) as ratios_zh,
        string_agg(
            {{ sentence('ratio {}, a factor of {}', ['said_ratio', 'said_factor']) }},
            '; ' order by measure, source_zh, other_zh, value
        ) filter (where measure is not null) as ratios_en
    from worded
    group by district_code, entity_type, entity_id, month_end

),

flows as (

    select
        'sales' as source,
        'invoiced_sales' as column_name,
        district_code,
        file_sha256,
        stat_period,
        uscc as key,
        invoiced_sales as value
    from {{ ref('fct_sales_month') }}
    where invoiced_sales > 0

    union all

    select
        'output' as source,
        'output_value' as column_name,
        district_code,
        file_sha256,
        stat_period,
        uscc as key,
        output_value as value
    from {{ ref('fct_output_month') }}
    where output_value > 0

    union all

    select
        'power' as source,
        'power_kwh' as column_name,
        district_code,
        file_sha256,
        stat_period,
        power_account_no as key,
        power_kwh as value
    from {{ ref('fct_power_month') }}
    where power_kwh > 0

    union all

    select
        'tax' as source,
        'tax_paid' as column_name,
        district_code,
        file_sha256,
        stat_period,
        coalesce(uscc, taxpayer_id) as key,
        sum(tax_paid) as value
    from {{ ref('fct_tax') }}
    where coalesce(uscc, taxpayer_id) is not null
    group by district_code, file_sha256, stat_period, coalesce(uscc, taxpayer_id)
    having sum(tax_paid) > 0

),

months as (

    select
        *,
        year(stat_period) * 12 + month(stat_period) as month_no
    from flows

),

-- The file's own months are no reference of it; of fewer months than these one that slipped would
-- be the median.
around as (

    select
        months.source,
        months.column_name,
        months.district_code,
        months.file_sha256,
        months.stat_period,
        months.key,
        cast(max(months.value) as double) / cast(median(near.value) as double) as ratio
    from months
    cross join limits
    inner join months as near
        on
            months.source = near.source
            and months.district_code = near.district_code
            and months.key = near.key
            and months.file_sha256 <> near.file_sha256
            and months.month_no <> near.month_no
            and near.month_no between
            months.month_no - limits.flow_months
            and months.month_no + limits.flow_months
    group by
        months.source, months.column_name, months.district_code, months.file_sha256,
        months.stat_period, months.key, limits.flow_months
    having count(*) >= limits.flow_months

),

files as (

    select
        months.source,
        months.column_name,
        months.district_code,
        months.file_sha256,
        months.stat_period,
        count(around.ratio) as n_used,
        {{ significant('median(around.ratio)') }} as ratio
    from months
    left join around
        on
            months.source = around.source
            and months.district_code = around.district_code
            and months.file_sha256 = around.file_sha256
            and months.stat_period = around.stat_period
            and months.key = around.key
    group by
        months.source, months.column_name, months.district_code, months.file_sha256,
        months.stat_period

),

-- A median moves by itself, but never near a factor of a hundred.
file_factors as (

    select
        files.file_sha256,
        files.stat_period,
        min(flow_factors.factor) as factor
    from files
    cross join limits
    inner join flow_factors
        on
            files.ratio / flow_factors.factor <= limits.flow_band
            and flow_factors.factor / files.ratio <= limits.flow_band
    where files.n_used >= limits.flow_least
    group by files.file_sha256, files.stat_period

),

first_cells as (

    select
        file_sha256,
        stat_period,
        {{ evidence_cell('sales', 'sales', 'invoiced_sales') }} as cell
    from {{ ref('fct_sales_month') }} as sales

    union all

    select
        file_sha256,
        stat_period,
        {{ evidence_cell('output', 'output', 'output_value') }} as cell
    from {{ ref('fct_output_month') }} as output

    union all

    select
        file_sha256,
        stat_period,
        {{ evidence_cell('power', 'power', 'power_kwh') }} as cell
    from {{ ref('fct_power_month') }} as power

    union all

    select
        file_sha256,
        stat_period,
        {{ evidence_cell('tax', 'tax', 'tax_paid', 'tax.tax_paid_yuan') }} as cell
    from {{ ref('fct_tax') }} as tax

),

file_cells as (

    select
        first_cells.file_sha256,
        first_cells.stat_period,
        list(
            first_cells.cell
            order by
                struct_extract(first_cells.cell, 'sheet'),
                struct_extract(first_cells.cell, 'row_number')
        )[:3] as cells
    from first_cells
    inner join file_factors
        on
            first_cells.file_sha256 = file_factors.file_sha256
            and first_cells.stat_period = file_factors.stat_period
    group by first_cells.file_sha256, first_cells.stat_period

),

file_answers as (

    select
        files.district_code,
        'file' as entity_type,
        files.file_sha256 as entity_id,
        files.stat_period as anchor_on,
        files.n_used,
        case
            when files.n_used < limits.flow_least then 'few_rows'
        end as na_reason,
        file_factors.factor is not null as is_slip,
        files.ratio as statistic,
        file_factors.factor as threshold,
        file_cells.cells,
        {{ sentence(
            '{} 文件 {} 月的 {} 整体偏离：{} 户与各自前后三月之比的中位数 {}',
            [
                'files.source', "strftime(files.stat_period, '%Y-%m')", 'files.column_name',
                'files.n_used', 'files.ratio',
            ],
        ) }} as facts_zh,
        {{ sentence(
            '{} of {}: the median of {} rows against their own months around is {}',
            [
                'files.column_name', "strftime(files.stat_period, '%Y-%m')", 'files.n_used',
                'files.ratio',
            ],
        ) }} as facts_en,
        {{ sentence('比值应近于 1；近于 {} 倍', ['file_factors.factor']) }} as relation_zh,
        {{ sentence('the ratio is near 1; it is near {}', ['file_factors.factor']) }}
            as relation_en
    from files
    cross join limits
    left join file_factors
        on
            files.file_sha256 = file_factors.file_sha256
            and files.stat_period = file_factors.stat_period
    left join file_cells
        on
            files.file_sha256 = file_cells.file_sha256
            and files.stat_period = file_cells.stat_period
    where files.stat_period <= last_day({{ as_of() }})

),

together as (

    select
        district_code,
        entity_type,
        entity_id,
        anchor_on,
        project_id,
        uscc,
        reporting_unit,
        slips > 0 as is_slip,
        statistic,
        threshold,
        observed,
        expected,
        slips as n_used,
        cells,
        facts_zh,
        facts_en,
        ratios_zh || '；两数应当相等' as relation_zh,
        ratios_en || '; the two are the same measure' as relation_en
    from units

    union all by name

    select
        district_code,
        entity_type,
        entity_id,
        anchor_on,
        na_reason,
        is_slip,
        statistic,
        threshold,
        n_used,
        cells,
        facts_zh,
        facts_en,
        relation_zh,
        relation_en
    from file_answers

),

final as (

    select
        district_code,
        entity_type,
        entity_id,
        anchor_on,
        project_id,
        uscc,
        reporting_unit,
        strftime(anchor_on, '%Y-%m') as period,
        case when na_reason is not null then 'na' when is_slip then 'fail' else 'pass' end
            as outcome,
        na_reason,
        case when na_reason is null and is_slip then 'flag' end as severity,
        statistic,
        threshold,
        observed,
        expected,
        n_used,
        ['corrected_since', 'another_department_confirms', 'phases'] as exemptions_checked,
        case
            when na_reason is null and is_slip
                then list_filter(cells, lambda c: c.value is not null)
            else {{ no_evidence() }}
        end as evidence,
        facts_zh,
        facts_en,
        relation_zh || '；属计量单位填写差错，不是对数字真实性的判断' as relation_zh,
        relation_en || '; an error of unit, not a judgement of the figure' as relation_en
    from together

)

{{ check_answer('final') }}
