-- The pairs of projects that may be one (checks.md R11): blocked by owner, by parcel, land
-- supervision number or construction permit, and by rare bigrams of the name; with what is
-- compared. The smaller id comes first. A project that was withdrawn is in no figure and no pair.

with

projects as (

    select
        district_code,
        project_id,
        entity_id,
        uscc,
        project_name,
        {{ text_key("project_name") }} as name_key,
        industry_code,
        is_in_ledger,
        case when is_in_ledger then signed_investment else planned_investment end as amount,
        coalesce(signing_date, filing_date) as begins_on
    from {{ ref('int_check__project') }}
    where
        coalesce(withdrawn_on > {{ as_of() }}, true)
        and coalesce(coalesce(signing_date, filing_date) <= {{ as_of() }}, true)

),

completions as (

    select
        district_code,
        signing_row_no,
        min(actual_date) as completed_on
    from {{ ref('int_recognition__current') }}
    where
        recognition_kind = '竣工'
        and result = '通过'
        and actual_date <= {{ as_of() }}
        and recognised_date <= {{ as_of() }}
    group by district_code, signing_row_no

),

codes as (

    select
        district_code,
        key_value as project_code,
        project_id
    from {{ ref('bridge_project_key') }}
    where key_kind = 'project_code'

),

filings as (

    select
        codes.project_id,
        filing.project_code,
        filing.filing_date,
        {{ text_key("filing.site_address") }} as address_key,
        {{ text_key("filing.parcel_no") }} as parcel_key,
        {{ evidence_cell('filing', 'filing', 'parcel_no') }} as parcel_cell
    from {{ ref('int_filing__current') }} as filing
    inner join codes
        on
            filing.district_code = codes.district_code
            and filing.project_code = codes.project_code
    where
        filing.filing_date <= {{ as_of() }}
        and not coalesce(filing.is_withdrawn and filing.withdrawn_on <= {{ as_of() }}, false)

),

addresses as (

    select
        project_id,
        arg_min(address_key, (filing_date, project_code)) as address_key
    from filings
    where address_key is not null
    group by project_id

),

-- The numbers that can stand for one project only.
papers as (

    select
        project_id,
        'parcel' as kind,
        parcel_key as paper_key,
        parcel_cell as cell
    from filings
    where parcel_key is not null

    union all

    select
        project_id,
        'parcel' as kind,
        {{ text_key("parcel_no") }} as paper_key,
        {{ evidence_cell('land', 'land', 'parcel_no') }} as cell
    from {{ ref('fct_land') }} as land
    where project_id is not null and parcel_no is not null

    union all

    select
        project_id,
        'land_supervision' as kind,
        {{ text_key("land_supervision_no") }} as paper_key,
        {{ evidence_cell('land', 'land', 'land_supervision_no') }} as cell
    from {{ ref('fct_land') }} as land
    where project_id is not null

    union all

    select
        project_id,
        'permit' as kind,
        {{ text_key("construction_permit_no") }} as paper_key,
        {{ evidence_cell('permit', 'permit', 'construction_permit_no') }} as cell
    from {{ ref('fct_permit') }} as permit
    where project_id is not null and not is_withdrawn

),

held as (

    select
        projects.district_code,
        projects.project_id,
        papers.kind,
        papers.paper_key,
        min(papers.cell) as cell
    from papers
    inner join projects on papers.project_id = projects.project_id
    group by projects.district_code, projects.project_id, papers.kind, papers.paper_key

),

cores as (

    select
        district_code,
        project_id,
        {{ name_core("name_key") }} as core
    from projects

),

places as (

    select
        district_code,
        project_id,
        core,
        unnest(generate_series(1, length(core) - 1)) as place
    from cores
    where length(core) >= 2

),

bigrams as (

    select distinct
        district_code,
        project_id,
        substr(core, place, 2) as bigram
    from places

),

district_sizes as (

    select
        district_code,
        count(*) as projects
    from projects
    group by district_code

),

-- A bigram weighs the more, the fewer projects of the district show it.
weighted as (

    select
        bigrams.district_code,
        bigrams.project_id,
        bigrams.bigram,
        count(*) over shown as shown_by,
        round(ln(1 + district_sizes.projects / count(*) over shown), 9) as weight
    from bigrams
    inner join district_sizes on bigrams.district_code = district_sizes.district_code
    window shown as (partition by bigrams.district_code, bigrams.bigram)

),

name_weights as (

    select
        project_id,
        sum(weight) as weight
    from weighted
    group by project_id

),

blocks as (

    select
        district_code,
        project_id,
        'owner ' || uscc as block
    from projects
    where uscc is not null

    union all

    select
        district_code,
        project_id,
        kind || ' ' || paper_key as block
    from held

    union all

    select
        district_code,
        project_id,
        'name ' || bigram as block
    from weighted
    where shown_by <= {{ rule('linkage_rule', 'rare_bigram') }}

),

candidates as (

    select distinct
        one.district_code,
        one.project_id,
        other.project_id as counterpart_project_id
    from blocks as one
    inner join blocks as other
        on one.district_code = other.district_code and one.block = other.block
    inner join projects as first_project on one.project_id = first_project.project_id
    inner join projects as second_project on other.project_id = second_project.project_id
    where first_project.entity_id < second_project.entity_id

),

shared_bigrams as (

    select
        candidates.project_id,
        candidates.counterpart_project_id,
        sum(one.weight) as weight
    from candidates
    inner join weighted as one on candidates.project_id = one.project_id
    inner join weighted as other
        on
            candidates.counterpart_project_id = other.project_id
            and one.bigram = other.bigram
    group by candidates.project_id, candidates.counterpart_project_id

),

shared_papers as (

    select
        candidates.project_id,
        candidates.counterpart_project_id,
        arg_min(one.kind, (one.kind, one.paper_key)) as paper_kind,
        arg_min(one.cell, (one.kind, one.paper_key)) as paper_cell,
        arg_min(other.cell, (one.kind, one.paper_key)) as counterpart_paper_cell
    from candidates
    inner join held as one on candidates.project_id = one.project_id
    inner join held as other
        on
            candidates.counterpart_project_id = other.project_id
            and one.kind = other.kind
            and one.paper_key = other.paper_key
    group by candidates.project_id, candidates.counterpart_project_id

),

described as (

    select
        projects.*,
        {{ phase_tokens("projects.name_key") }} as phases,
        left(
            projects.name_key, cast({{ rule('linkage_rule', 'brand_length') }} as integer)
        ) as brand,
        -- 4416: power from the sun.
        coalesce(projects.industry_code = '4416', false)
        or coalesce(regexp_matches(projects.name_key, '屋顶光伏|标准厂房'), false) as is_series,
        coalesce(completions.completed_on, {{ as_of() }}) as ends_on,
        addresses.address_key,
        coalesce(name_weights.weight, 0) as name_weight
    from projects
    left join completions
        on
            projects.is_in_ledger
            and projects.district_code = completions.district_code
            and projects.entity_id = completions.signing_row_no
    left join addresses on projects.project_id = addresses.project_id
    left join name_weights on projects.project_id = name_weights.project_id

),

compared as (

    select
        candidates.district_code,
        candidates.project_id,
        candidates.counterpart_project_id,
        one.entity_id,
        other.entity_id as counterpart_id,
        coalesce({{ are_other_phases("one.phases", "other.phases") }}, false) as are_phases,
        one.is_series and other.is_series as are_series,
        coalesce(one.begins_on <= other.ends_on, true)
        and coalesce(other.begins_on <= one.ends_on, true) as overlap,
        shared_papers.paper_kind,
        shared_papers.paper_cell,
        shared_papers.counterpart_paper_cell,
        round(
            coalesce(
                2 * shared_bigrams.weight / nullif(one.name_weight + other.name_weight, 0), 0
            ),
            8
        ) as name_similarity,
        one.brand = other.brand as is_same_brand,
        one.uscc = other.uscc as is_same_owner,
        case
            when one.amount > 0 and other.amount > 0
                then round(abs(ln(one.amount / other.amount)), 8)
        end as amount_distance,
        abs(datediff('day', one.begins_on, other.begins_on)) as days_apart,
        one.address_key = other.address_key as is_same_address
    from candidates
    inner join described as one on candidates.project_id = one.project_id
    inner join described as other on candidates.counterpart_project_id = other.project_id
    left join shared_bigrams
        on
            candidates.project_id = shared_bigrams.project_id
            and candidates.counterpart_project_id = shared_bigrams.counterpart_project_id
    left join shared_papers
        on
            candidates.project_id = shared_papers.project_id
            and candidates.counterpart_project_id = shared_papers.counterpart_project_id

),

final as (

    select
        *,
        case
            when name_similarity < {{ rule('linkage_rule', 'alike_name') }} then 'apart'
            when not coalesce(is_same_brand, false) then 'other_brand'
            when name_similarity >= {{ rule('linkage_rule', 'same_name') }} then 'same'
            else 'alike'
        end as name_level,
        case
            when is_same_owner is null then 'unknown'
            when is_same_owner then 'same'
            else 'other'
        end as owner_level,
        case
            when amount_distance is null then 'unknown'
            when amount_distance <= {{ rule('linkage_rule', 'equal_amount') }} then 'equal'
            when amount_distance <= {{ rule('linkage_rule', 'near_amount') }} then 'near'
            when amount_distance <= {{ rule('linkage_rule', 'similar_amount') }} then 'similar'
            else 'far'
        end as amount_level,
        case
            when days_apart is null then 'unknown'
            when days_apart <= {{ rule('linkage_rule', 'near_days') }} then 'near'
            else 'far'
        end as day_level,
        case
            when is_same_address is null then 'unknown'
            when is_same_address then 'same'
            else 'other'
        end as address_level
    from compared

)

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
    name_similarity,
    amount_distance,
    days_apart,
    name_level,
    owner_level,
    amount_level,
    day_level,
    address_level
from final
