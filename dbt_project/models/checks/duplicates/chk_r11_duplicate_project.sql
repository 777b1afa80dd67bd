with

projects as (

    select
        project_id,
        uscc,
        reporting_unit,
        project_name,
        is_in_ledger,
        case when is_in_ledger then signed_investment else planned_investment end as amount,
        coalesce(signing_date, filing_date) as begins_on
    from {{ ref('int_check__project') }}

),

-- The row that tells the project: of the ledger, else of its filing.
cells as (

    select
        project_id,
        case
            when is_in_ledger
                then {{ evidence_list([
                    evidence_cell('signing', 'project', 'project_name'),
                    evidence_cell('signing', 'project', 'signed_investment'),
                    evidence_cell('signing', 'project', 'signing_date'),
                ]) }}
            else {{ evidence_list([
                evidence_cell('filing', 'project', 'project_name'),
                evidence_cell('filing', 'project', 'planned_investment'),
                evidence_cell('filing', 'project', 'filing_date'),
            ]) }}
        end as cells
    from {{ ref('int_project') }} as project

),

pairs as (

    select
        district_code,
        project_id,
        counterpart_project_id,
        entity_id,
        counterpart_id,
        are_phases,
        are_series,
        overlap,
        paper_kind,
        paper_cell,
        counterpart_paper_cell,
        name_level,
        owner_level,
        amount_level,
        day_level,
        address_level,
        name_similarity,
        days_apart
    from {{ ref('int_check__project_pair') }}

),

weights as (

    select
        field,
        level,
        cast(arg_max(weight, effective_from) as double) as weight
    from {{ ref('linkage_weight') }}
    where effective_from <= {{ as_of() }}
    group by field, level

),

-- Fellegi and Sunter: the log2 of the prior odds and of every level's likelihood ratio add up.
scored as (

    select
        pairs.project_id,
        pairs.counterpart_project_id,
        by_prior.weight
        + by_name.weight
        + by_owner.weight
        + by_amount.weight
        + by_day.weight
        + by_address.weight as bits
    from pairs
    inner join weights as by_prior on by_prior.field = 'prior'
    inner join weights as by_name
        on by_name.field = 'name' and pairs.name_level = by_name.level
    inner join weights as by_owner
        on by_owner.field = 'owner' and pairs.owner_level = by_owner.level
    inner join weights as by_amount
        on by_amount.field = 'amount' and pairs.amount_level = by_amount.level
    inner join weights as by_day
        on by_day.field = 'day' and pairs.day_level = by_day.level
    inner join weights as by_address
        on by_address.field = 'address' and pairs.address_level = by_address.level

),

measured as (

    select
        pairs.*,
        pairs.paper_kind is not null and pairs.overlap as has_shared_paper,
        {{ significant("1 / (1 + pow(2, -scored.bits))") }} as probability
    from pairs
    left join scored
        on
            pairs.project_id = scored.project_id
            and pairs.counterpart_project_id = scored.counterpart_project_id

),

-- What would fail, and is excused where the names tell phases or both are of a series.
suspected as (

    select
        *,
        has_shared_paper
        or coalesce(probability >= {{ check_threshold('R11', 'flag_probability') }}, false)
            as is_suspected
    from measured

),

judged as (

    select
        *,
        case
            when not is_suspected then 'pass'
            when are_phases or are_series then 'na'
            else 'fail'
        end as outcome,
        case
            when not is_suspected then null
            when are_phases then 'phases'
            when are_series then 'series_or_standard_plant'
        end as na_reason,
        case
            when
                has_shared_paper
                or probability >= {{ check_threshold('R11', 'quarantine_probability') }}
                then 'quarantine'
            else 'flag'
        end as severity
    from suspected

),

final as (

    select
        judged.* exclude (severity),
        'project' as entity_type,
        one.uscc,
        one.reporting_unit,
        case when judged.outcome = 'fail' then judged.severity end as severity,
        case when judged.has_shared_paper then 1 else judged.probability end as statistic,
        case judged.severity
            when 'quarantine' then {{ check_threshold('R11', 'quarantine_probability') }}
            else {{ check_threshold('R11', 'flag_probability') }}
        end as threshold,
        2 as n_used,
        ['phases', 'rooftop_series', 'standard_plants'] as exemptions_checked,
        case
            when judged.outcome = 'fail'
                then list_concat(
                    list_concat(one_cells.cells, other_cells.cells),
                    case
                        when judged.has_shared_paper
                            then [judged.paper_cell, judged.counterpart_paper_cell]
                        else {{ no_evidence() }}
                    end
                )
            else {{ no_evidence() }}
        end as evidence,
        case judged.paper_kind
            when 'parcel' then '宗地'
            when 'land_supervision' then '电子监管号'
            when 'permit' then '施工许可'
        end as paper_zh,
        case judged.paper_kind
            when 'parcel' then 'parcel'
            when 'land_supervision' then 'land supervision number'
            when 'permit' then 'construction permit'
        end as paper_en,
        one.project_name,
        one.begins_on,
        one.amount,
        other.project_name as counterpart_name,
        other.begins_on as counterpart_begins_on,
        other.amount as counterpart_amount
    from judged
    inner join projects as one on judged.project_id = one.project_id
    inner join projects as other on judged.counterpart_project_id = other.project_id
    left join cells as one_cells on judged.project_id = one_cells.project_id
    left join cells as other_cells on judged.counterpart_project_id = other_cells.project_id

),

told as (

    select
        *,
        {{ sentence(
            '{}（{}，{}，{} 万元）与 {}（{}，{}，{} 万元）',
            [
                'entity_id', 'project_name', 'begins_on', 'amount',
                'counterpart_id', 'counterpart_name', 'counterpart_begins_on', 'counterpart_amount',
            ],
        ) }}
        || case
            when has_shared_paper
                then {{ sentence('同用{} {}', ['paper_zh', 'paper_cell.value']) }}
            else ''
        end as facts_zh,
        {{ sentence(
            '{} ({}, {}, {} 万元) and {} ({}, {}, {} 万元)',
            [
                'entity_id', 'project_name', 'begins_on', 'amount',
                'counterpart_id', 'counterpart_name', 'counterpart_begins_on', 'counterpart_amount',
            ],
        ) }}
        || case
            when has_shared_paper
                then {{ sentence(' share {} {}', ['paper_en', 'paper_cell.value']) }}
            else ''
        end as facts_en,
        case
            when has_shared_paper then '一个证号同期只属于一个项目'
            else {{ sentence(
                '两个项目应可区分：名称相似度 {}，相隔 {} 天，匹配概率 {}，界限 {}',
                ['name_similarity', 'days_apart', 'statistic', 'threshold'],
            ) }}
        end as relation_zh,
        case
            when has_shared_paper then 'a number belongs to one project at a time'
            else {{ sentence(
                'two projects can be told apart: name similarity {}, {} days apart, match probability {}, limit {}',
                ['name_similarity', 'days_apart', 'statistic', 'threshold'],
            ) }}
        end as relation_en
    from final

)

{{ check_answer('told') }}
