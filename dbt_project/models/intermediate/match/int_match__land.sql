with

lands as (

    select
        district_code,
        land_supervision_no,
        company_name,
        project_name,
        parcel_no,
        {{ company_key("company_name") }} as company_key,
        {{ text_key("parcel_no") }} as parcel_key,
        {{ text_key("land_supervision_no") }} as supervision_key,
        received_on,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_land__current') }}

),

aliases as (

    select
        project_id,
        district_code,
        company_key,
        parcel_key
    from {{ ref('int_project__alias') }}

),

projects as (

    select distinct
        project_id,
        district_code
    from aliases

),

candidates as (

    select
        district_code,
        record_key,
        company_key,
        project_id,
        may_need_land,
        is_same_name,
        is_other_phase,
        similarity,
        is_same_area
    from {{ ref('int_match__candidate') }}
    where record_kind = 'land_supervision_no'

),

decisions as (

    select
        project_id,
        key_value,
        action,
        actor,
        decided_on
    from {{ ref('int_match__decision') }}
    where key_kind in ('land_supervision_no', 'parcel_no')

),

rules as (

    select
        {{ rule('match_rule', 'similar_name') }} as similar_name,
        {{ rule('match_rule', 'name_margin') }} as name_margin,
        {{ rule('match_rule', 'confidence_firm_and_area') }} as confidence_firm_and_area,
        {{ rule('match_rule', 'confidence_firm_only') }} as confidence_firm_only

),

-- 1. What a person decided.
by_decision as (

    select
        lands.district_code,
        lands.land_supervision_no,
        lands.company_name,
        projects.project_id,
        'manual' as match_method,
        1.0 as confidence,
        decisions.actor as decided_by,
        decisions.decided_on as valid_from
    from lands
    inner join decisions
        on
            decisions.key_value in (lands.supervision_key, lands.parcel_key)
            and decisions.action = 'link'
    inner join projects
        on
            lands.district_code = projects.district_code
            and decisions.project_id = projects.project_id

),

-- 2. The parcel that a filing of the project names. One parcel may serve several projects.
by_parcel as (

    select distinct
        lands.district_code,
        lands.land_supervision_no,
        lands.company_name,
        aliases.project_id,
        'exact_code' as match_method,
        1.0 as confidence,
        'rule' as decided_by,
        lands.received_on as valid_from
    from lands
    inner join aliases
        on
            lands.district_code = aliases.district_code
            and lands.parcel_key = aliases.parcel_key

),

-- 3. The firm's projects: the one of the same area; else the one of an alike name; else the only
--    one that may need land. A company name alone never chooses between several.
judged as (

    select
        lands.district_code,
        lands.land_supervision_no,
        lands.company_name,
        candidates.project_id,
        candidates.similarity,
        candidates.is_same_name,
        candidates.is_other_phase,
        lands.received_on,
        case
            when
                candidates.is_same_area and not candidates.is_other_phase
                and candidates.may_need_land
                then 3
            when
                not candidates.is_other_phase
                and (candidates.is_same_name or candidates.similarity >= rules.similar_name)
                then 2
            when
                candidates.may_need_land and not candidates.is_other_phase
                and count(*) over (
                    partition by lands.district_code, lands.land_supervision_no, lands.company_name
                ) = 1
                then 1
            else 0
        end as strength,
        rules.name_margin,
        rules.confidence_firm_and_area,
        rules.confidence_firm_only
    from lands
    inner join candidates
        on
            lands.district_code = candidates.district_code
            and lands.land_supervision_no = candidates.record_key
            and lands.company_key = candidates.company_key
    left join by_parcel
        on
            lands.district_code = by_parcel.district_code
            and lands.land_supervision_no = by_parcel.land_supervision_no
            and lands.company_name = by_parcel.company_name
    cross join rules
    where by_parcel.project_id is null

),

ranked as (

    select
        district_code,
        land_supervision_no,
        company_name,
        project_id,
        similarity,
        is_other_phase,
        received_on,
        strength,
        name_margin,
        confidence_firm_and_area,
        confidence_firm_only,
        count(*) over (
            partition by district_code, land_supervision_no, company_name
        ) as candidate_count,
        row_number() over best_first as candidate_no,
        similarity + case when is_same_name then 1 else 0 end as score,
        lead(strength) over best_first as next_strength,
        lead(similarity + case when is_same_name then 1 else 0 end) over best_first as next_score
    from judged
    window best_first as (
        partition by district_code, land_supervision_no, company_name
        order by strength desc, is_same_name desc, similarity desc, project_id
    )

),

by_firm as (

    select
        district_code,
        land_supervision_no,
        company_name,
        project_id,
        similarity,
        received_on,
        candidate_count,
        case when strength = 2 then 'name_similarity' else 'via_company_and_parcel' end
            as match_method,
        case strength
            when 3 then confidence_firm_and_area
            when 2 then similarity
            else confidence_firm_only
        end as confidence,
        case
            when strength = 0 and is_other_phase then 'phase_differs'
            when strength = 0 and candidate_count > 1 then 'ambiguous'
            when strength = 0 then 'not_alike'
            -- The same area twice: the names must tell them apart.
            when next_strength = strength and score - next_score <= name_margin then 'ambiguous'
        end as reason_code
    from ranked
    where candidate_no = 1

),

links as (

    select
        district_code,
        land_supervision_no,
        company_name,
        project_id,
        match_method,
        confidence,
        decided_by,
        valid_from
    from by_decision

    union all

    select
        district_code,
        land_supervision_no,
        company_name,
        project_id,
        match_method,
        confidence,
        decided_by,
        valid_from
    from by_parcel

    union all

    select
        district_code,
        land_supervision_no,
        company_name,
        project_id,
        match_method,
        confidence,
        'rule' as decided_by,
        received_on as valid_from
    from by_firm
    where reason_code is null

),

standing_links as (

    select
        links.district_code,
        links.land_supervision_no,
        links.company_name,
        links.project_id,
        links.match_method,
        links.confidence,
        links.decided_by,
        links.valid_from
    from links
    left join decisions
        on
            links.project_id = decisions.project_id
            and {{ text_key("links.land_supervision_no") }} = decisions.key_value
            and decisions.action = 'unlink'
    where decisions.project_id is null or links.match_method = 'manual'
    qualify row_number() over (
        partition by
            links.district_code, links.land_supervision_no, links.company_name, links.project_id
        order by links.match_method = 'manual' desc, links.confidence desc, links.match_method
    ) = 1

),

final as (

    select
        lands.district_code,
        lands.land_supervision_no,
        lands.company_name,
        lands.project_name,
        lands.parcel_no,
        standing_links.project_id,
        standing_links.match_method,
        cast(standing_links.confidence as decimal(5, 4)) as confidence,
        standing_links.decided_by,
        standing_links.valid_from,
        lands.file_sha256,
        lands.sheet,
        lands.row_number,
        lands.received_on,
        case
            when standing_links.project_id is not null then null
            when by_firm.land_supervision_no is null then 'no_candidate'
            else coalesce(by_firm.reason_code, 'unlinked_by_decision')
        end as unlinked_reason,
        coalesce(by_firm.candidate_count, 0) as candidate_count,
        by_firm.project_id as best_candidate,
        cast(by_firm.similarity as decimal(5, 4)) as best_similarity
    from lands
    left join standing_links
        on
            lands.district_code = standing_links.district_code
            and lands.land_supervision_no = standing_links.land_supervision_no
            and lands.company_name is not distinct from standing_links.company_name
    left join by_firm
        on
            lands.district_code = by_firm.district_code
            and lands.land_supervision_no = by_firm.land_supervision_no
            and lands.company_name is not distinct from by_firm.company_name

)

select
    district_code,
    land_supervision_no,
    company_name,
    project_name,
    parcel_no,
    project_id,
    match_method,
    confidence,
    decided_by,
    valid_from,
    file_sha256,
    sheet,
    row_number,
    received_on,
    unlinked_reason,
    candidate_count,
    best_candidate,
    best_similarity
from final
