with

firms as (

    select
        district_code,
        uscc,
        reporting_unit,
        registered_on,
        industry_division,
        industry_section,
        produced_on,
        produced_cell
    from {{ ref('int_check__firm') }}

),

years as (

    select
        year_no,
        window_start,
        window_end
    from {{ ref('int_land__year') }}
    where is_full_year

),

areas as (

    select
        district_code,
        uscc,
        year_no,
        area_mu,
        unallocated_parcel_count
    from {{ ref('int_land__area') }}

),

parcels as (

    select
        district_code,
        uscc,
        contract_sign_date,
        {{ evidence_cell('land', 'land', 'land_area') }} as cell
    from {{ ref('int_land__parcel') }} as land
    where uscc is not null

),

leases as (

    select
        lease.district_code,
        lease.uscc,
        lease.counts_from,
        lease.counts_to,
        unnest([
            struct_pack(
                source := lease.source,
                file_sha256 := lease.file_sha256,
                sheet := lease.sheet,
                row_number := lease.row_number,
                column_name := 'leased_floor_area',
                value := {{ said('lease.leased_floor_area') }}
            ),
            struct_pack(
                source := lease.source,
                file_sha256 := lease.file_sha256,
                sheet := lease.sheet,
                row_number := lease.row_number,
                column_name := 'leased_out_floor_area',
                value := {{ said('lease.leased_out_floor_area') }}
            ),
        ]) as cell
    from {{ ref('int_land__lease') }} as lease
    where lease.uscc is not null

),

first_parcels as (

    select
        district_code,
        uscc,
        min(contract_sign_date) as contract_sign_date
    from parcels
    group by district_code, uscc

),

taxes as (

    select
        district_code,
        uscc,
        stat_period,
        tax_net,
        tax_relief
    from {{ ref('int_check__firm_tax_month') }}

),

item_scope as (

    select
        tax_item,
        counts_on_target
    from {{ ref('tax_item_scope') }}

),

tax_rows as (

    select
        tax.district_code,
        tax.uscc,
        last_day(coalesce(tax.tax_treasury_date, tax.stat_period)) as stat_period,
        {{ evidence_cell('tax', 'tax', 'tax_paid') }} as paid_cell,
        {{ evidence_cell('tax', 'tax', 'tax_relief') }} as relief_cell
    from {{ ref('fct_tax') }} as tax
    left join item_scope on tax.tax_item = item_scope.tax_item
    where coalesce(item_scope.counts_on_target, true)

),

rules as (

    select
        {{ check_threshold('R26', 'odd_z') }} as odd_z,
        {{ check_threshold('R26', 'low_share') }} as low_share,
        {{ check_threshold('R26', 'minimum_peers') }} as minimum_peers,
        {{ check_threshold('R26', 'narrow_peers') }} as narrow_peers,
        cast({{ check_threshold('R26', 'production_months') }} as integer) as production_months,
        cast({{ check_threshold('R26', 'old_months') }} as integer) as old_months,
        cast({{ check_threshold('R26', 'earlier_months') }} as integer) as earlier_months,
        {{ check_threshold('R26', 'least_tax_per_mu') }} as least_tax_per_mu

),

tax_deliveries as (

    select
        taxes.district_code,
        years.year_no,
        count(distinct taxes.stat_period) as months_delivered
    from taxes
    inner join years on taxes.stat_period between years.window_start and years.window_end
    group by taxes.district_code, years.year_no

),

tax_years as (

    select
        taxes.district_code,
        taxes.uscc,
        years.year_no,
        sum(taxes.tax_net) as tax_net,
        sum(taxes.tax_relief) as tax_relief
    from taxes
    inner join years on taxes.stat_period between years.window_start and years.window_end
    group by taxes.district_code, taxes.uscc, years.year_no

),

-- What the law relieves a firm of is counted as paid: relief is no sign of anything.
asked as (

    select
        areas.district_code,
        areas.uscc,
        areas.year_no,
        years.window_start,
        years.window_end,
        firms.reporting_unit,
        firms.industry_division,
        firms.industry_section,
        firms.produced_on,
        firms.produced_cell,
        areas.area_mu,
        coalesce(tax_years.tax_net, 0) + coalesce(tax_years.tax_relief, 0) as tax_due,
        coalesce(tax_years.tax_relief, 0) as tax_relief,
        case
            when firms.produced_on <= last_day(years.window_end - to_months(rules.old_months))
                then 'old'
            else 'young'
        end as age,
        case
            when coalesce(tax_deliveries.months_delivered, 0) < 12 then 'tax_not_delivered'
            when firms.industry_section = 'D' then 'utilities'
            when firms.industry_section is null then 'industry_unknown'
            when firms.produced_on is null then 'production_not_recognised'
            when
                firms.produced_on
                > last_day(years.window_end - to_months(rules.production_months))
                then 'production_too_young'
            when areas.unallocated_parcel_count > 0 then 'land_not_allocated'
            -- It worked somewhere before its first parcel: that land was never delivered.
            when
                first_parcels.contract_sign_date
                > firms.registered_on + to_months(rules.earlier_months)
                then 'other_land_unknown'
        end as reason,
        rules.*
    from areas
    inner join years on areas.year_no = years.year_no
    inner join firms
        on areas.district_code = firms.district_code and areas.uscc = firms.uscc
    left join first_parcels
        on
            areas.district_code = first_parcels.district_code
            and areas.uscc = first_parcels.uscc
    left join tax_deliveries
        on
            areas.district_code = tax_deliveries.district_code
            and areas.year_no = tax_deliveries.year_no
    left join tax_years
        on
            areas.district_code = tax_years.district_code
            and areas.uscc = tax_years.uscc
            and areas.year_no = tax_years.year_no
    cross join rules
    where areas.area_mu > 0

),

logs as (

    select
        *,
        {{ significant('cast(tax_due as double) / cast(area_mu as double)') }} as tax_per_mu,
        case
            when reason is null
                then {{ significant(
                    'ln(greatest('
                    'cast(tax_due as double) / cast(area_mu as double), cast(least_tax_per_mu as double)'
                    '))'
                ) }}
        end as value
    from asked

),

ranked as (

    select
        *,
        case
            when value is not null
                then row_number() over (
                    partition by year_no, industry_division, age
                    order by value, district_code, uscc
                )
        end as near_rank,
        case
            when value is not null
                then row_number() over (
                    partition by year_no, industry_section
                    order by value, district_code, uscc
                )
        end as wide_rank
    from logs

),

near_cells as (

    select
        year_no,
        industry_division,
        age,
        list(value order by value) as peers
    from logs
    where value is not null
    group by year_no, industry_division, age

),

wide_cells as (

    select
        year_no,
        industry_section,
        list(value order by value) as peers
    from logs
    where value is not null
    group by year_no, industry_section

),

grouped as (

    select
        ranked.*,
        {{ without_own('near_cells.peers', 'ranked.near_rank') }} as near_peers,
        {{ without_own('wide_cells.peers', 'ranked.wide_rank') }} as wide_peers
    from ranked
    left join near_cells
        on
            ranked.year_no = near_cells.year_no
            and ranked.industry_division = near_cells.industry_division
            and ranked.age = near_cells.age
    left join wide_cells
        on
            ranked.year_no = wide_cells.year_no
            and ranked.industry_section = wide_cells.industry_section

),

compared as (

    select
        * exclude (near_peers, wide_peers, near_rank, wide_rank),
        case
            when value is null then null
            when len(near_peers) >= narrow_peers then near_peers
            when len(wide_peers) >= minimum_peers then wide_peers
        end as peers
    from grouped

),

measured as (

    select
        *,
        len(peers) as n_peers,
        {{ significant(robust_z('value', 'peers')) }} as z,
        {{ significant('exp(list_median(peers))') }} as median_per_mu,
        -- By rank in its cell: of fewer than twenty firms nobody is in the bottom 5 %.
        coalesce(
            len(list_filter(peers, lambda v: v < value)) + 1 <= low_share * (len(peers) + 1), false
        ) as is_low
    from compared

),

followed as (

    select
        *,
        is_low
        and coalesce(
            lag(is_low) over firm_years and lag(year_no) over firm_years = year_no - 1, false
        ) as is_low_twice,
        lag(window_start) over firm_years as start_before
    from measured
    window
        firm_years as (partition by district_code, uscc order by year_no)

),

judged as (

    select
        * exclude (peers),
        case
            when reason is not null then reason
            when n_peers is null then 'peers_too_few'
            when z is null then 'no_spread'
        end as na_reason,
        coalesce(z < -odd_z, false) as is_under,
        coalesce(z > odd_z, false) as is_over
    from followed

),

answered as (

    select
        *,
        case
            when na_reason is not null then 'na'
            when is_under or is_over or is_low_twice then 'fail'
            else 'pass'
        end as outcome
    from judged

),

fails as (

    select
        district_code,
        uscc,
        year_no,
        window_start,
        window_end,
        produced_cell
    from answered
    where outcome = 'fail'

),

cells as (

    select
        fails.district_code,
        fails.uscc,
        fails.year_no,
        unnest([tax_rows.paid_cell, tax_rows.relief_cell]) as cell
    from fails
    inner join tax_rows
        on
            fails.district_code = tax_rows.district_code
            and fails.uscc = tax_rows.uscc
            and tax_rows.stat_period between fails.window_start and fails.window_end

    union all

    select
        fails.district_code,
        fails.uscc,
        fails.year_no,
        parcels.cell
    from fails
    inner join parcels
        on
            fails.district_code = parcels.district_code
            and fails.uscc = parcels.uscc
            and fails.window_end >= parcels.contract_sign_date

    union all

    select
        fails.district_code,
        fails.uscc,
        fails.year_no,
        leases.cell
    from fails
    inner join leases
        on
            fails.district_code = leases.district_code
            and fails.uscc = leases.uscc
            and fails.window_end >= leases.counts_from
            and coalesce(fails.window_end < leases.counts_to, true)

    union all

    select
        district_code,
        uscc,
        year_no,
        produced_cell as cell
    from fails

),

evidences as (

    select
        district_code,
        uscc,
        year_no,
        list(cell order by cell) as evidence
    from cells
    where cell.value is not null
    group by district_code, uscc, year_no

),

final as (

    select
        answered.*,
        'enterprise' as entity_type,
        answered.uscc as entity_id,
        cast(answered.year_no as varchar) as period,
        answered.window_end as anchor_on,
        case when answered.outcome = 'fail' then 'flag' end as severity,
        answered.z as statistic,
        case when answered.z > 0 then answered.odd_z else -answered.odd_z end as threshold,
        try_cast(answered.tax_per_mu as decimal(24, 6)) as observed,
        case
            when answered.outcome <> 'na' then try_cast(answered.median_per_mu as decimal(24, 6))
        end as expected,
        answered.n_peers as n_used,
        ['utilities', 'production_age', 'tax_relief', 'other_land'] as exemptions_checked,
        evidences.evidence,
        {{ sentence(
            '{} 年入库税收 {} 万元（另减免 {} 万元），用地 {} 亩，亩均 {} 万元',
            [
                'answered.year_no', 'answered.tax_due - answered.tax_relief',
                'answered.tax_relief', 'answered.area_mu', 'answered.tax_per_mu',
            ],
        ) }} as facts_zh,
        {{ sentence(
            'in {} tax {} (10,000 yuan; relieved of {} more) on {} mu: {} a mu',
            [
                'answered.year_no', 'answered.tax_due - answered.tax_relief',
                'answered.tax_relief', 'answered.area_mu', 'answered.tax_per_mu',
            ],
        ) }} as facts_en,
        case
            when answered.is_under or answered.is_over
                then {{ sentence(
                    '与同行 {} 户中位数 {} 万元/亩相差不超过 {} 个稳健标准差，实为 {}；偏高请核用地面积',
                    [
                        'answered.n_peers', 'answered.median_per_mu', 'answered.odd_z',
                        'answered.z',
                    ],
                ) }}
            else {{ sentence(
                '不连续两年居 {} 户同行末位 {} 以内；同行中位数 {} 万元/亩',
                ['answered.n_peers', 'answered.low_share', 'answered.median_per_mu'],
            ) }}
        end as relation_zh,
        case
            when answered.is_under or answered.is_over
                then {{ sentence(
                    'within {} robust deviations of the median {} of {} peers; it is {}:'
                    ' where it is high, look at the land',
                    [
                        'answered.odd_z', 'answered.median_per_mu', 'answered.n_peers',
                        'answered.z',
                    ],
                ) }}
            else {{ sentence(
                'not two years in the lowest {} of its cell of {} peers, whose median is {}',
                ['answered.low_share', 'answered.n_peers', 'answered.median_per_mu'],
            ) }}
        end as relation_en
    from answered
    left join evidences
        on
            answered.district_code = evidences.district_code
            and answered.uscc = evidences.uscc
            and answered.year_no = evidences.year_no

)

{{ check_answer('final') }}
