with

projects as (

    select
        district_code,
        project_id,
        entity_id,
        signing_row_no,
        reporting_unit,
        uscc
    from {{ ref('int_check__project') }}
    where is_in_ledger

),

rules as (

    select
        {{ check_threshold('R45', 'least_share') }} as least_share,
        {{ check_threshold('R45', 'fall_share') }} as fall_share,
        {{ check_threshold('R45', 'least_gap') }} as least_gap,
        cast({{ check_threshold('R45', 'transaction_months') }} as integer)
            as transaction_months,
        cast(
            {{ rule('land_rule', 'leased_far') }} * {{ rule('land_rule', 'square_metres_per_mu') }}
            as decimal(18, 6)
        ) as floor_of_one_mu

),

parcels as (

    select
        parcel.project_id,
        parcel.land_supervision_no,
        parcel.allocated_mu,
        {{ evidence_cell('land', 'parcel', 'land_area') }} as area_cell
    from {{ ref('int_land__parcel') }} as parcel
    where
        parcel.project_id is not null
        and parcel.allocated_mu is not null
        and coalesce(parcel.contract_sign_date, parcel.received_on) <= {{ as_of() }}

),

titles as (

    select
        project_id,
        sum(allocated_mu) as title_mu,
        list(area_cell order by land_supervision_no) as area_cells
    from parcels
    group by project_id

),

evaluated as (

    select
        district_code,
        signing_row_no,
        actual_land_area,
        leased_floor_area,
        leased_out_floor_area,
        {{ evidence_cell('completion', 'completion', 'actual_land_area') }} as evaluated_cell,
        {{ evidence_cell('completion', 'completion', 'leased_floor_area') }} as leased_cell,
        {{ evidence_cell('completion', 'completion', 'leased_out_floor_area') }} as let_cell
    from {{ ref('int_completion__current') }} as completion

),

-- What each version of the register says, and what the one before it said.
versions as (

    select
        completion.district_code,
        completion.signing_row_no,
        completion.valid_from,
        completion.actual_land_area as mu,
        (coalesce(completion.leased_floor_area, 0) - coalesce(completion.leased_out_floor_area, 0))
        / rules.floor_of_one_mu as lease_mu,
        {{ evidence_cell('completion', 'completion', 'actual_land_area') }} as cell,
        rules.fall_share,
        rules.transaction_months
    from {{ ref('int_completion__history') }} as completion
    cross join rules
    where completion.actual_land_area is not null

),

compared as (

    select
        *,
        lag(mu) over by_version as previous_mu,
        lag(lease_mu) over by_version as previous_lease_mu,
        lag(cell) over by_version as previous_cell
    from versions
    window by_version as (partition by district_code, signing_row_no order by valid_from)

),

-- A parcel that came, or whose area was restated: the day on which the register said so.
stated_parcels as (

    select
        links.project_id,
        land.land_supervision_no,
        land.land_area,
        land.is_withdrawn,
        land.valid_from,
        lag(land.land_area) over by_parcel as previous_area,
        row_number() over by_parcel as version_no
    from {{ ref('int_land__history') }} as land
    inner join {{ ref('int_match__land') }} as links
        on
            land.district_code = links.district_code
            and land.land_supervision_no = links.land_supervision_no
            and land.company_name is not distinct from links.company_name
    where links.project_id is not null
    window
        by_parcel as (
            partition by links.project_id, land.land_supervision_no, land.company_name
            order by land.valid_from
        )

),

transactions as (

    select
        project_id,
        valid_from as dealt_on
    from stated_parcels
    where version_no = 1 or is_withdrawn or land_area is distinct from previous_area

),

falls as (

    select
        projects.project_id,
        compared.valid_from as fell_on,
        compared.mu,
        compared.previous_mu,
        [compared.previous_cell, compared.cell] as fall_cells
    from compared
    inner join projects
        on
            compared.district_code = projects.district_code
            and compared.signing_row_no = projects.signing_row_no
    where
        compared.mu < compared.previous_mu * (1 - compared.fall_share)
        -- Rented floor that was given up, or let to others, takes its land along.
        and compared.mu - compared.lease_mu
        < compared.previous_mu * (1 - compared.fall_share) - compared.previous_lease_mu
        and not exists (
            select 1
            from transactions
            where
                transactions.project_id = projects.project_id
                and transactions.dealt_on <= compared.valid_from
                and transactions.dealt_on
                >= compared.valid_from - to_months(compared.transaction_months)
        )
    qualify
        row_number() over (
            partition by projects.project_id
            order by compared.mu / compared.previous_mu, compared.valid_from
        ) = 1

),

measured as (

    select
        projects.district_code,
        projects.project_id,
        projects.entity_id,
        projects.reporting_unit,
        projects.uscc,
        evaluated.actual_land_area as evaluated_mu,
        evaluated.evaluated_cell,
        evaluated.leased_cell,
        evaluated.let_cell,
        coalesce(titles.title_mu, 0) as title_mu,
        titles.area_cells,
        cast(
            (
                coalesce(evaluated.leased_floor_area, 0)
                - coalesce(evaluated.leased_out_floor_area, 0)
            )
            / rules.floor_of_one_mu
            as decimal(18, 4)
        ) as lease_mu,
        rules.least_share,
        rules.least_gap,
        rules.fall_share,
        rules.transaction_months,
        falls.fell_on,
        falls.mu,
        falls.previous_mu,
        falls.fall_cells
    from projects
    cross join rules
    left join evaluated
        on
            projects.district_code = evaluated.district_code
            and projects.signing_row_no = evaluated.signing_row_no
    left join titles on projects.project_id = titles.project_id
    left join falls on projects.project_id = falls.project_id

),

judged as (

    select
        *,
        cast(title_mu + lease_mu as decimal(18, 4)) as held_mu,
        case
            when evaluated_mu is null then null
            when
                evaluated_mu < (title_mu + lease_mu) * least_share
                and title_mu + lease_mu - evaluated_mu >= least_gap
                then 'under'
            when fell_on is not null then 'fell'
        end as clause,
        case
            when evaluated_mu is null then 'nothing_evaluated'
            when title_mu + lease_mu <= 0 and fell_on is null then 'no_title_or_lease'
        end as na_reason
    from measured

),

final as (

    select
        *,
        'project' as entity_type,
        case
            when na_reason is not null then 'na'
            when clause is not null then 'fail'
            else 'pass'
        end as outcome,
        case when na_reason is null and clause is not null then 'quarantine' end as severity,
        case
            when na_reason is not null then null
            when clause = 'fell' then cast(mu as double) / cast(previous_mu as double)
            else cast(evaluated_mu as double) / nullif(cast(held_mu as double), 0)
        end as statistic,
        case clause when 'fell' then 1 - fall_share else least_share end as threshold,
        case clause when 'fell' then mu else evaluated_mu end as observed,
        case clause when 'fell' then previous_mu else held_mu end as expected,
        ['land_transaction', 'plant_let_out', 'lease_changed'] as exemptions_checked,
        case
            when na_reason is not null or clause is null then {{ no_evidence() }}
            when clause = 'fell' then fall_cells
            else list_filter(
                list_concat([evaluated_cell, leased_cell, let_cell], area_cells),
                lambda c: c.value is not null
            )
        end as evidence,
        case clause
            when 'under'
                then {{ sentence(
                    '评价用地 {} 亩，产权用地 {} 亩，租赁减出租折 {} 亩，合计 {} 亩',
                    ['evaluated_mu', 'title_mu', 'lease_mu', 'held_mu'],
                ) }}
            else {{ sentence(
                '{} 报送的评价用地由 {} 亩降为 {} 亩，此前 {} 个月土地供应结果没有变动',
                ['fell_on', 'previous_mu', 'mu', 'transaction_months'],
            ) }}
        end as facts_zh,
        case clause
            when 'under'
                then {{ sentence(
                    'evaluated on {} mu; title {}, leased less let {}, together {}',
                    ['evaluated_mu', 'title_mu', 'lease_mu', 'held_mu'],
                ) }}
            else {{ sentence(
                'on {} the evaluated land fell from {} to {} mu; no transaction for {} months',
                ['fell_on', 'previous_mu', 'mu', 'transaction_months'],
            ) }}
        end as facts_en,
        case clause
            when 'under'
                then {{ sentence(
                    '评价用地不少于合计的 {} 倍；少 {} 亩', ['least_share', 'held_mu - evaluated_mu'],
                ) }}
            else {{ sentence('没有土地变动，评价用地不减少；少 {} 亩', ['previous_mu - mu']) }}
        end as relation_zh,
        case clause
            when 'under'
                then {{ sentence(
                    'at least {} of what it holds is evaluated; {} mu are missing',
                    ['least_share', 'held_mu - evaluated_mu'],
                ) }}
            else {{ sentence(
                'without a land transaction the evaluated land does not fall; it did by {} mu',
                ['previous_mu - mu'],
            ) }}
        end as relation_en
    from judged

)

{{ check_answer('final') }}
