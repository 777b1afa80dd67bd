with

permits as (

    select
        district_code,
        construction_permit_no,
        {{ project_code_key("project_code") }} as project_code,
        {{ text_key("construction_permit_no") }} as permit_key,
        {{ text_key("land_planning_permit_no") }} as land_planning_permit_key,
        {{ company_key("company_name") }} as company_key,
        company_name,
        project_name,
        received_on,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_permit__current') }}

),

code_links as (

    select
        district_code,
        project_code,
        project_id,
        match_method,
        confidence,
        decided_by
    from {{ ref('int_match__project_code') }}

),

aliases as (

    select
        project_id,
        district_code,
        land_planning_permit_key
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
        is_same_name,
        is_other_phase,
        similarity
    from {{ ref('int_match__candidate') }}
    where record_kind = 'construction_permit_no'

),

decisions as (

    select
        project_id,
        key_value,
        action,
        actor,
        decided_on
    from {{ ref('int_match__decision') }}
    where key_kind = 'construction_permit_no'

),

rules as (

    select
        {{ rule('match_rule', 'similar_name') }} as similar_name,
        {{ rule('match_rule', 'only_pair_name') }} as only_pair_name,
        {{ rule('match_rule', 'name_margin') }} as name_margin

),

-- 1. What a person decided, in both directions.
by_decision as (

    select
        permits.district_code,
        permits.construction_permit_no,
        permits.project_code,
        projects.project_id,
        'manual' as match_method,
        1.0 as confidence,
        decisions.actor as decided_by,
        decisions.decided_on as valid_from
    from permits
    inner join decisions
        on
            permits.permit_key = decisions.key_value
            and decisions.action = 'link'
    inner join projects
        on
            permits.district_code = projects.district_code
            and decisions.project_id = projects.project_id

),

-- 2. The permit names the project code: it goes where the code goes, as surely as the code does.
by_code as (

    select
        permits.district_code,
        permits.construction_permit_no,
        permits.project_code,
        code_links.project_id,
        code_links.match_method,
        code_links.confidence,
        code_links.decided_by,
        permits.received_on as valid_from
    from permits
    inner join code_links
        on
            permits.district_code = code_links.district_code
            and permits.project_code = code_links.project_code

),

-- 3. No code, but the land planning permit that the ledger shows.
by_land_planning_permit as (

    select distinct
        permits.district_code,
        permits.construction_permit_no,
        permits.project_code,
        aliases.project_id,
        'exact_code' as match_method,
        1.0 as confidence,
        'rule' as decided_by,
        permits.received_on as valid_from
    from permits
    inner join aliases
        on
            permits.district_code = aliases.district_code
            and permits.land_planning_permit_key = aliases.land_planning_permit_key
    where permits.project_code is null

),

-- 4. Alike names of one firm.
judged as (

    select
        permits.district_code,
        permits.construction_permit_no,
        candidates.project_id,
        candidates.is_same_name,
        candidates.is_other_phase,
        candidates.similarity,
        rules.name_margin,
        permits.received_on,
        not candidates.is_other_phase and (
            candidates.is_same_name
            or candidates.similarity >= rules.similar_name
            or (
                candidates.similarity >= rules.only_pair_name
                and count(*) over (
                    partition by permits.district_code, permits.construction_permit_no
                ) = 1
            )
        ) as is_admissible
    from permits
    inner join candidates
        on
            permits.district_code = candidates.district_code
            and permits.construction_permit_no = candidates.record_key
            and permits.company_key is not distinct from candidates.company_key
    left join by_land_planning_permit
        on
            permits.district_code = by_land_planning_permit.district_code
            and permits.construction_permit_no = by_land_planning_permit.construction_permit_no
    cross join rules
    where
        permits.project_code is null
        and by_land_planning_permit.construction_permit_no is null

),

ranked as (

    select
        district_code,
        construction_permit_no,
        project_id,
        is_other_phase,
        is_admissible,
        similarity,
        name_margin,
        received_on,
        count(*) over (
            partition by district_code, construction_permit_no
        ) as candidate_count,
        row_number() over best_first as candidate_no,
        similarity + case when is_same_name then 1 else 0 end as score,
        lead(case
            when is_admissible then similarity + case when is_same_name then 1 else 0 end
        end) over best_first as next_score
    from judged
    window best_first as (
        partition by district_code, construction_permit_no
        order by is_admissible desc, is_same_name desc, similarity desc, project_id
    )

),

by_name as (

    select
        district_code,
        construction_permit_no,
        project_id,
        similarity,
        received_on,
        candidate_count,
        case
            when is_other_phase then 'phase_differs'
            when not is_admissible then 'not_alike'
            when next_score is not null and score - next_score <= name_margin then 'ambiguous'
        end as reason_code
    from ranked
    where candidate_no = 1

),

links as (

    select
        district_code,
        construction_permit_no,
        project_code,
        project_id,
        match_method,
        confidence,
        decided_by,
        valid_from
    from by_decision

    union all

    select
        district_code,
        construction_permit_no,
        project_code,
        project_id,
        match_method,
        confidence,
        decided_by,
        valid_from
    from by_code

    union all

    select
        district_code,
        construction_permit_no,
        project_code,
        project_id,
        match_method,
        confidence,
        decided_by,
        valid_from
    from by_land_planning_permit

    union all

    select
        district_code,
        construction_permit_no,
        null as project_code,
        project_id,
        'name_similarity' as match_method,
        similarity as confidence,
        'rule' as decided_by,
        received_on as valid_from
    from by_name
    where reason_code is null

),

standing_links as (

    select
        links.district_code,
        links.construction_permit_no,
        links.project_code,
        links.project_id,
        links.match_method,
        links.confidence,
        links.decided_by,
        links.valid_from
    from links
    left join decisions
        on
            links.project_id = decisions.project_id
            and {{ text_key("links.construction_permit_no") }} = decisions.key_value
            and decisions.action = 'unlink'
    where decisions.project_id is null or links.match_method = 'manual'
    qualify row_number() over (
        partition by
            links.district_code, links.construction_permit_no, links.project_code, links.project_id
        order by links.match_method = 'manual' desc, links.confidence desc, links.match_method
    ) = 1

),

final as (

    select
        permits.district_code,
        permits.construction_permit_no,
        permits.project_code,
        permits.company_name,
        permits.project_name,
        standing_links.project_id,
        standing_links.match_method,
        cast(standing_links.confidence as decimal(5, 4)) as confidence,
        standing_links.decided_by,
        standing_links.valid_from,
        permits.file_sha256,
        permits.sheet,
        permits.row_number,
        permits.received_on,
        case
            when standing_links.project_id is not null then null
            when by_name.construction_permit_no is null then 'no_candidate'
            else coalesce(by_name.reason_code, 'unlinked_by_decision')
        end as unlinked_reason,
        coalesce(by_name.candidate_count, 0) as candidate_count,
        by_name.project_id as best_candidate,
        cast(by_name.similarity as decimal(5, 4)) as best_similarity
    from permits
    left join standing_links
        on
            permits.district_code = standing_links.district_code
            and permits.construction_permit_no = standing_links.construction_permit_no
            and permits.project_code is not distinct from standing_links.project_code
    left join by_name
        on
            permits.project_code is null
            and permits.district_code = by_name.district_code
            and permits.construction_permit_no = by_name.construction_permit_no

)

select
    district_code,
    construction_permit_no,
    project_code,
    company_name,
    project_name,
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
