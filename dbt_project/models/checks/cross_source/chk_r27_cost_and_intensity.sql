-- Works against floor area, against the contracts of the permits, and the whole investment against
-- the intensity of the land contract.

with

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

reports as (

    select
        project_id,
        project_code,
        stat_period,
        investment_ytd,
        investment_cum,
        investment_build,
        {{ evidence_cell('fai', 'fai', 'investment_build') }} as build_cell
    from {{ ref('int_check__fai') }} as fai

),

-- What was invested before the first year that is reported has no split into works and machines.
first_reports as (

    select
        project_id,
        project_code,
        arg_min(investment_cum, stat_period) as first_cum,
        arg_min(investment_ytd, stat_period) as first_ytd
    from reports
    group by project_id, project_code

),

begun as (

    select
        project_id,
        bool_or(first_cum <> first_ytd) as is_begun
    from first_reports
    group by project_id

),

-- Works are year-to-date: the last report of each code and year.
yearly as (

    select
        project_id,
        project_code,
        year(stat_period) as year_no,
        coalesce(arg_max(coalesce(investment_build, 0), stat_period), 0) as works,
        arg_max(build_cell, stat_period) as build_cell
    from reports
    group by project_id, project_code, year(stat_period)

),

works as (

    select
        project_id,
        sum(works) as works,
        list(build_cell order by project_code, year_no) filter (where works > 0) as works_cells
    from yearly
    group by project_id

),

cumulative as (

    select
        project_id,
        arg_max(investment_cum, stat_period) as investment_cum,
        arg_max(cum_cells, stat_period) as cum_cells
    from {{ ref('int_check__investment') }}
    group by project_id

),

permits as (

    select
        project_id,
        sum(permit_floor_area) as floor_area,
        case when bool_and(contract_amount is not null) then sum(contract_amount) end as contracts,
        arg_max(
            project_category, row(coalesce(permit_floor_area, 0), construction_permit_no)
        ) filter (where project_category is not null) as category,
        list(
            {{ evidence_cell('permit', 'permit', 'permit_floor_area') }}
            order by construction_permit_no
        ) filter (where permit_floor_area is not null) as area_cells,
        list(
            {{ evidence_cell('permit', 'permit', 'contract_amount') }}
            order by construction_permit_no
        ) filter (where contract_amount is not null) as contract_cells
    from {{ ref('fct_permit') }} as permit
    where not is_withdrawn and project_id is not null
    group by project_id

),

filings as (

    select
        links.project_id,
        filing.district_code,
        filing.project_code,
        filing.parcel_no,
        filing.project_code in (select distinct reports.project_code from reports) as has_report
    from {{ ref('int_filing__current') }} as filing
    inner join {{ ref('int_match__project_code') }} as links
        on
            filing.district_code = links.district_code
            and {{ project_code_key("filing.project_code") }} = links.project_code
    where not filing.is_withdrawn and links.project_id is not null

),

-- A parcel of a phase that has not begun is not to hold anything yet.
idle_parcels as (

    select
        district_code,
        parcel_no
    from filings
    where parcel_no is not null
    group by district_code, parcel_no
    having not bool_or(has_report)

),

-- Where the filings do not name their parcels, all phases must have begun.
phases as (

    select
        project_id,
        bool_and(has_report or parcel_no is not null) as have_begun
    from filings
    group by project_id

),

-- A permit that waits in quarantine is missing from area and contracts: absence is not evidence.
held_permits as (

    select distinct filings.project_id
    from {{ ref('stg_quarantine') }} as quarantine
    inner join filings
        on
            quarantine.district_code = filings.district_code
            and split_part(quarantine.row_key, '|', 2) = filings.project_code
    left join {{ ref('fct_permit') }} as permit
        on
            quarantine.district_code = permit.district_code
            and split_part(quarantine.row_key, '|', 1) = permit.construction_permit_no
    where quarantine.source = 'permit' and permit.construction_permit_no is null

),

costs as (

    select
        works.project_id,
        permits.category,
        ln(cast(works.works as double) / cast(permits.floor_area as double)) as log_cost
    from works
    inner join permits on works.project_id = permits.project_id
    inner join begun on works.project_id = begun.project_id
    left join held_permits on works.project_id = held_permits.project_id
    where
        works.works > 0
        and permits.floor_area > 0
        and not begun.is_begun
        and held_permits.project_id is null

),

-- A type of building is compared with itself alone (clean rooms, cold stores), and nobody with
-- himself.
medians as (

    select
        costs.project_id,
        costs.log_cost,
        costs.category,
        count(others.project_id) as peers,
        median(others.log_cost) as middle
    from costs
    inner join costs as others
        on costs.category = others.category and costs.project_id <> others.project_id
    group by costs.project_id, costs.log_cost, costs.category

),

compared as (

    select
        medians.project_id,
        medians.peers,
        exp(medians.middle) as median_cost,
        exp(medians.log_cost - medians.middle) as cost_ratio,
        (medians.log_cost - medians.middle)
        / nullif(1.4826 * median(abs(others.log_cost - medians.middle)), 0) as cost_z
    from medians
    inner join costs as others
        on medians.category = others.category and medians.project_id <> others.project_id
    where medians.peers >= {{ check_threshold('R27', 'least_peers') }}
    group by
        medians.project_id, medians.peers, medians.middle, medians.log_cost

),

lands as (

    select
        land.project_id,
        sum(land.land_area) as hectares,
        cast(sum(land.land_area * land.agreed_intensity) as decimal(24, 2)) as due,
        list(
            {{ evidence_cell('land', 'land', 'land_area') }} order by land.land_supervision_no
        ) as area_cells,
        list(
            {{ evidence_cell('land', 'land', 'agreed_intensity') }}
            order by land.land_supervision_no
        ) as intensity_cells
    from {{ ref('fct_land') }} as land
    left join idle_parcels
        on
            land.district_code = idle_parcels.district_code
            and land.parcel_no = idle_parcels.parcel_no
    where
        land.project_id is not null
        and idle_parcels.parcel_no is null
        and land.land_area is not null
        and land.agreed_intensity > 0
    group by land.project_id

),

completed as (

    select projects.project_id
    from {{ ref('int_recognition__current') }} as recognition
    inner join projects
        on
            recognition.district_code = projects.district_code
            and recognition.signing_row_no = projects.signing_row_no
    where
        recognition.recognition_kind = '竣工'
        and recognition.result = '通过'
        and recognition.actual_date <= {{ as_of() }}
        and recognition.recognised_date <= {{ as_of() }}

    union

    select projects.project_id
    from {{ ref('int_completion__current') }} as completion
    inner join projects
        on
            completion.district_code = projects.district_code
            and completion.signing_row_no = projects.signing_row_no

),

measured as (

    select
        projects.district_code,
        projects.project_id,
        projects.entity_id,
        projects.uscc,
        projects.reporting_unit,
        begun.project_id is not null as has_report,
        coalesce(begun.is_begun, false) as is_begun,
        works.works,
        works.works_cells,
        permits.floor_area,
        permits.contracts,
        permits.category,
        permits.area_cells as floor_cells,
        permits.contract_cells,
        compared.peers,
        compared.median_cost,
        compared.cost_ratio,
        compared.cost_z,
        cumulative.investment_cum,
        cumulative.cum_cells,
        lands.due,
        lands.area_cells,
        lands.intensity_cells,
        compared.project_id is not null as has_peers,
        not is_begun
        and works.works > 0
        and permits.contracts > 0
        and held_permits.project_id is null as has_contracts,
        not is_begun
        and completed.project_id is not null
        and lands.due > 0
        and coalesce(phases.have_begun, true) as has_terms
    from projects
    left join begun on projects.project_id = begun.project_id
    left join works on projects.project_id = works.project_id
    left join permits on projects.project_id = permits.project_id
    left join compared on projects.project_id = compared.project_id
    left join cumulative on projects.project_id = cumulative.project_id
    left join lands on projects.project_id = lands.project_id
    left join completed on projects.project_id = completed.project_id
    left join phases on projects.project_id = phases.project_id
    left join held_permits on projects.project_id = held_permits.project_id

),

clauses as (

    select
        *,
        coalesce(
            has_contracts and works > contracts * {{ check_threshold('R27', 'contract_ratio') }},
            false
        ) as is_beyond_contracts,
        coalesce(
            has_peers
            and (
                {{ significant('cost_z') }} > {{ check_threshold('R27', 'cost_z') }}
                or {{ significant('cost_ratio') }} > {{ check_threshold('R27', 'cost_ratio') }}
            ),
            false
        ) as is_dear,
        coalesce(has_terms and investment_cum < due, false) as is_thin
    from measured

),

judged as (

    select
        *,
        case
            when is_beyond_contracts then 'contracts'
            when is_dear then 'cost'
            when is_thin then 'intensity'
            when has_contracts then 'contracts'
            when has_peers then 'cost'
            when has_terms then 'intensity'
        end as clause,
        case
            when not coalesce(has_contracts or has_peers or has_terms, false) then 'na'
            when is_beyond_contracts or is_dear or is_thin then 'fail'
            else 'pass'
        end as outcome,
        case
            when not has_report then 'no_report'
            when is_begun then 'invested_before_reports'
            when not coalesce(has_contracts or has_peers or has_terms, false)
                then 'nothing_to_compare'
        end as na_reason,
        is_beyond_contracts as is_severe,
        cast(works * 10000 / floor_area as decimal(24, 0)) as cost_yuan,
        cast(median_cost * 10000 as decimal(24, 0)) as median_yuan,
        cast(cost_ratio as decimal(24, 2)) as said_ratio,
        cast(cost_z as decimal(24, 2)) as said_z
    from clauses

),

final as (

    select
        judged.*,
        'project' as entity_type,
        case
            when outcome <> 'fail' then null
            when is_severe then 'quarantine'
            else 'flag'
        end as severity,
        case clause
            when 'contracts' then works / contracts
            when 'cost' then cost_ratio
            when 'intensity' then investment_cum / due
        end as statistic,
        case clause
            when 'contracts' then {{ check_threshold('R27', 'contract_ratio') }}
            when 'cost' then {{ check_threshold('R27', 'cost_ratio') }}
            when 'intensity' then 1
        end as threshold,
        case clause when 'intensity' then investment_cum else works end as observed,
        case clause
            when 'contracts' then contracts
            when 'cost' then cast(median_cost * floor_area as decimal(24, 2))
            when 'intensity' then due
        end as expected,
        peers as n_used,
        ['own_type_of_building', 'phases_not_begun'] as exemptions_checked,
        case
            when outcome = 'fail'
                then list_filter(
                    flatten([
                        case
                            when is_beyond_contracts or is_dear
                                then coalesce(works_cells, {{ no_evidence() }})
                            else {{ no_evidence() }}
                        end,
                        case
                            when is_beyond_contracts
                                then coalesce(contract_cells, {{ no_evidence() }})
                            else {{ no_evidence() }}
                        end,
                        case
                            when is_dear then coalesce(floor_cells, {{ no_evidence() }})
                            else {{ no_evidence() }}
                        end,
                        case
                            when is_thin
                                then list_concat(
                                    cum_cells, list_concat(area_cells, intensity_cells)
                                )
                            else {{ no_evidence() }}
                        end,
                    ]),
                    lambda c: c.value is not null
                )
            else {{ no_evidence() }}
        end as evidence,
        concat_ws(
            '；',
            case
                when is_beyond_contracts
                    then {{ sentence(
                        '各年建安投资合计 {} 万元，施工合同合计 {} 万元', ['works', 'contracts'],
                    ) }}
            end,
            case
                when is_dear
                    then {{ sentence(
                        '各年建安投资合计 {} 万元，{}许可面积 {} 平方米，每平方米 {} 元，同类 {} 个项目中位数 {} 元',
                        [
                            'works', "coalesce(category, '')", 'floor_area', 'cost_yuan', 'peers',
                            'median_yuan',
                        ],
                    ) }}
            end,
            case
                when is_thin
                    then {{ sentence(
                        '已竣工，自开始累计完成 {} 万元，用地合同约定强度折合 {} 万元',
                        ['investment_cum', 'due'],
                    ) }}
            end
        ) as facts_zh,
        concat_ws(
            '; ',
            case
                when is_beyond_contracts
                    then {{ sentence(
                        'works of all years {}, works contracts {}', ['works', 'contracts'],
                    ) }}
            end,
            case
                when is_dear
                    then {{ sentence(
                        'works {} on {} square metres: {} yuan each, median of {} of its type {}',
                        ['works', 'floor_area', 'cost_yuan', 'peers', 'median_yuan'],
                    ) }}
            end,
            case
                when is_thin
                    then {{ sentence(
                        'completed with {} invested, the land contract asks for {}',
                        ['investment_cum', 'due'],
                    ) }}
            end
        ) as facts_en,
        concat_ws(
            '；',
            case
                when is_beyond_contracts
                    then {{ sentence(
                        '建安投资不超过合同的 {} 倍；超出合同 {} 万元',
                        [check_threshold('R27', 'contract_ratio'), 'works - contracts'],
                    ) }}
            end,
            case
                when is_dear
                    then {{ sentence(
                        '单价不超过同类中位数的 {} 倍，稳健标准分不超过 {}；为 {} 倍，标准分 {}',
                        [
                            check_threshold('R27', 'cost_ratio'),
                            check_threshold('R27', 'cost_z'), 'said_ratio', 'said_z',
                        ],
                    ) }}
            end,
            case
                when is_thin
                    then {{ sentence(
                        '竣工时投资不低于约定强度 × 面积；少 {} 万元', ['due - investment_cum'],
                    ) }}
            end
        ) as relation_zh,
        concat_ws(
            '; ',
            case
                when is_beyond_contracts
                    then {{ sentence(
                        'works are within {} times the contracts; {} beyond the contracts',
                        [check_threshold('R27', 'contract_ratio'), 'works - contracts'],
                    ) }}
            end,
            case
                when is_dear
                    then {{ sentence(
                        'the cost is within {} times the median and a z of {}; {} times, z {}',
                        [
                            check_threshold('R27', 'cost_ratio'),
                            check_threshold('R27', 'cost_z'), 'said_ratio', 'said_z',
                        ],
                    ) }}
            end,
            case
                when is_thin
                    then {{ sentence(
                        'investment is at least intensity x area; {} short',
                        ['due - investment_cum'],
                    ) }}
            end
        ) as relation_en
    from judged

)

{{ check_answer('final') }}
