with

records as (

    select
        record_kind,
        source,
        district_code,
        record_key,
        uscc,
        company_key,
        name_key,
        base_name,
        phase,
        received_on,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_match__record') }}

),

versions as (

    select
        district_code,
        signing_row_no,
        signing_date,
        signed_investment,
        valid_to
    from {{ ref('int_signing__history') }}
    qualify row_number() over (
        partition by district_code, signing_row_no order by valid_from desc
    ) = 1

),

shown_codes as (

    select
        district_code,
        signing_row_no,
        project_code,
        file_sha256,
        sheet,
        row_number,
        valid_from
    from {{ ref('int_signing__code') }}
    where is_last_shown

),

filings as (

    select
        district_code,
        {{ project_code_key("project_code") }} as project_code,
        filing_date,
        planned_investment,
        is_withdrawn
    from {{ ref('int_filing__current') }}

),

decisions as (

    select
        project_id,
        key_value,
        action,
        actor,
        decided_on,
        file_sha256,
        row_number
    from {{ ref('int_match__decision') }}
    where key_kind = 'project_code'

),

similarities as (

    select
        name_a,
        name_b,
        similarity
    from {{ ref('int_match__similarity') }}

),

rules as (

    select
        {{ rule('match_rule', 'similar_name') }} as similar_name,
        {{ rule('match_rule', 'only_pair_name') }} as only_pair_name,
        {{ rule('match_rule', 'name_margin') }} as name_margin,
        {{ rule('match_rule', 'only_pair_days_before_signing') }} as only_pair_days,
        {{ rule('match_rule', 'brand_length') }} as brand_length,
        {{ rule('match_rule', 'near_amount_factor') }} as near_factor,
        {{ rule('match_rule', 'far_amount_factor') }} as far_factor,
        {{ rule('match_rule', 'confidence_exact') }} as confidence_exact,
        {{ rule('match_rule', 'confidence_shared') }} as confidence_shared,
        {{ rule('match_rule', 'confidence_name_only') }} as confidence_name_only

),

joined as (

    select
        district_code,
        from_value,
        into_value
    from {{ ref('stg_merge') }}
    where entity = 'project' and problem is null

),

-- Every project code that a filing, a permit, the investment report or the ledger knows.
codes as (

    select
        district_code,
        record_key as project_code,
        source,
        uscc,
        company_key,
        name_key,
        base_name,
        phase,
        received_on,
        file_sha256,
        sheet,
        row_number
    from records
    where record_kind = 'project_code'

    union all

    select
        shown_codes.district_code,
        shown_codes.project_code,
        'signing' as source,
        null as uscc,
        null as company_key,
        null as name_key,
        null as base_name,
        null as phase,
        min(shown_codes.valid_from) as received_on,
        arg_min(shown_codes.file_sha256, (shown_codes.valid_from, shown_codes.signing_row_no))
            as file_sha256,
        arg_min(shown_codes.sheet, (shown_codes.valid_from, shown_codes.signing_row_no)) as sheet,
        arg_min(shown_codes.row_number, (shown_codes.valid_from, shown_codes.signing_row_no))
            as row_number
    from shown_codes
    left join records
        on
            shown_codes.district_code = records.district_code
            and shown_codes.project_code = records.record_key
            and records.record_kind = 'project_code'
    where records.record_key is null
    group by shown_codes.district_code, shown_codes.project_code

),

signings as (

    select
        versions.district_code,
        versions.signing_row_no,
        versions.district_code || '-' || versions.signing_row_no as project_id,
        versions.signing_date,
        versions.signed_investment,
        versions.valid_to is not null as is_withdrawn,
        records.uscc,
        records.company_key,
        records.name_key,
        records.base_name,
        records.phase,
        count(*) over (
            partition by
                versions.district_code,
                coalesce(records.uscc, records.company_key),
                records.base_name
        ) as name_count
    from versions
    inner join records
        on
            versions.district_code = records.district_code
            and versions.signing_row_no = records.record_key
            and records.record_kind = 'signing'

),

refused_pairs as (

    select
        key_value,
        project_id
    from decisions
    where action = 'unlink'

),

-- 1. What a person decided.
by_decision as (

    select
        codes.district_code,
        codes.project_code,
        signings.signing_row_no,
        decisions.actor,
        decisions.decided_on,
        decisions.file_sha256,
        '' as sheet,
        decisions.row_number
    from decisions
    inner join codes on decisions.key_value = codes.project_code
    inner join signings
        on
            decisions.project_id = signings.project_id
            and codes.district_code = signings.district_code
    where decisions.action = 'link'
    qualify row_number() over (
        partition by codes.district_code, codes.project_code
        order by decisions.decided_on desc, decisions.row_number desc, signings.signing_row_no
    ) = 1

),

-- 2. The code stands in the ledger. Where two rows show it, it goes to one of them all the same:
--    not to a withdrawn row, rather to the firm that filed, else to the row signed first (R11 looks
--    at the rest).
claims as (

    select
        codes.district_code,
        codes.project_code,
        signings.signing_row_no,
        shown_codes.file_sha256,
        shown_codes.sheet,
        shown_codes.row_number,
        shown_codes.valid_from,
        count(*) over (partition by codes.district_code, codes.project_code) as claim_count,
        row_number() over (
            partition by codes.district_code, codes.project_code
            order by
                signings.is_withdrawn,
                codes.uscc is not distinct from signings.uscc desc,
                signings.signing_date nulls last,
                signings.signing_row_no
        ) as claim_no
    from codes
    inner join shown_codes
        on
            codes.district_code = shown_codes.district_code
            and codes.project_code = shown_codes.project_code
    inner join signings
        on
            shown_codes.district_code = signings.district_code
            and shown_codes.signing_row_no = signings.signing_row_no
    left join refused_pairs
        on
            codes.project_code = refused_pairs.key_value
            and signings.project_id = refused_pairs.project_id
    where refused_pairs.key_value is null

),

by_code as (

    select
        district_code,
        project_code,
        signing_row_no,
        file_sha256,
        sheet,
        row_number,
        valid_from,
        claim_count
    from claims
    where claim_no = 1

),

-- A row is open while no code of it has a filing that stands: a re-filed project gets a new code.
openness as (

    select
        signings.district_code,
        signings.signing_row_no,
        count(shown_codes.project_code) > 0 as shows_code,
        count(filings.project_code) filter (where not filings.is_withdrawn) = 0 as is_open
    from signings
    left join shown_codes
        on
            signings.district_code = shown_codes.district_code
            and signings.signing_row_no = shown_codes.signing_row_no
    left join filings
        on
            shown_codes.district_code = filings.district_code
            and shown_codes.project_code = filings.project_code
    group by signings.district_code, signings.signing_row_no

),

-- The phases of the codes that a row shows; an empty one where a code's name says none.
shown_phases as (

    select
        shown_codes.district_code,
        shown_codes.signing_row_no,
        list(distinct coalesce(codes.phase, '')) as phases
    from shown_codes
    inner join codes
        on
            shown_codes.district_code = codes.district_code
            and shown_codes.project_code = codes.project_code
    group by shown_codes.district_code, shown_codes.signing_row_no

),

-- 3. Same firm and alike names; or a row that names no firm yet, and the very same project name.
firm_pairs as (

    select
        codes.district_code,
        codes.project_code,
        signings.signing_row_no,
        codes.uscc is not null and codes.uscc = signings.uscc as is_same_uscc,
        true as is_same_firm
    from codes
    inner join signings
        on
            codes.district_code = signings.district_code
            and codes.uscc = signings.uscc

    union distinct

    select
        codes.district_code,
        codes.project_code,
        signings.signing_row_no,
        false as is_same_uscc,
        true as is_same_firm
    from codes
    inner join signings
        on
            codes.district_code = signings.district_code
            and codes.company_key = signings.company_key
    where codes.uscc is null or signings.uscc is null

    union distinct

    select
        codes.district_code,
        codes.project_code,
        signings.signing_row_no,
        false as is_same_uscc,
        false as is_same_firm
    from codes
    inner join signings
        on
            codes.district_code = signings.district_code
            and codes.name_key = signings.name_key
    where signings.uscc is null and signings.company_key is null

),

compared as (

    select
        firm_pairs.district_code,
        firm_pairs.project_code,
        firm_pairs.signing_row_no,
        firm_pairs.is_same_uscc,
        firm_pairs.is_same_firm,
        signings.is_withdrawn,
        codes.source = 'filing' as is_filing,
        openness.is_open,
        openness.shows_code,
        coalesce(codes.name_key = signings.name_key, false) as is_same_name,
        coalesce(codes.phase <> signings.phase, false) as is_other_phase,
        -- 二期 of a row that is named without a phase and shows other phases only: one project.
        coalesce(
            signings.phase is null
            and signings.name_count = 1
            and codes.base_name = signings.base_name
            and not list_contains(shown_phases.phases, '')
            and not list_contains(shown_phases.phases, codes.phase),
            false
        ) as is_further_phase,
        coalesce(codes.base_name = signings.base_name, false) as is_same_base,
        coalesce(
            left(codes.base_name, cast(rules.brand_length as integer))
            = left(signings.base_name, cast(rules.brand_length as integer)),
            false
        ) as is_same_brand,
        coalesce(
            filings.planned_investment between signings.signed_investment / rules.near_factor
            and signings.signed_investment * rules.near_factor,
            false
        ) as is_near_size,
        coalesce(
            filings.planned_investment not between signings.signed_investment / rules.far_factor
            and signings.signed_investment * rules.far_factor,
            false
        ) as is_other_size,
        coalesce(
            case when codes.base_name = signings.base_name then 1 end,
            similarities.similarity,
            0
        ) as similarity,
        coalesce(
            filings.filing_date >= signings.signing_date - cast(rules.only_pair_days as integer),
            false
        ) as is_in_time,
        rules.similar_name,
        rules.only_pair_name,
        rules.name_margin
    from firm_pairs
    inner join codes
        on
            firm_pairs.district_code = codes.district_code
            and firm_pairs.project_code = codes.project_code
    inner join signings
        on
            firm_pairs.district_code = signings.district_code
            and firm_pairs.signing_row_no = signings.signing_row_no
    inner join openness
        on
            firm_pairs.district_code = openness.district_code
            and firm_pairs.signing_row_no = openness.signing_row_no
    left join shown_phases
        on
            firm_pairs.district_code = shown_phases.district_code
            and firm_pairs.signing_row_no = shown_phases.signing_row_no
    left join by_code
        on
            firm_pairs.district_code = by_code.district_code
            and firm_pairs.project_code = by_code.project_code
    left join by_decision
        on
            firm_pairs.district_code = by_decision.district_code
            and firm_pairs.project_code = by_decision.project_code
    left join refused_pairs
        on
            firm_pairs.project_code = refused_pairs.key_value
            and signings.project_id = refused_pairs.project_id
    left join filings
        on
            firm_pairs.district_code = filings.district_code
            and firm_pairs.project_code = filings.project_code
    left join similarities
        on
            codes.base_name = similarities.name_a
            and signings.base_name = similarities.name_b
    cross join rules
    where
        by_code.project_code is null
        and by_decision.project_code is null
        and refused_pairs.key_value is null

),

-- Most of a name is the product: where names are alike and not the same, the brand must be the same
-- or size and time agree, and the size may not be another altogether.
alike as (

    select
        *,
        is_same_name or is_same_base or (
            similarity >= similar_name
            and not is_other_size
            and (is_same_brand or (is_near_size and is_in_time))
        ) as is_alike
    from compared

),

judged as (

    select
        district_code,
        project_code,
        signing_row_no,
        is_same_firm,
        is_withdrawn,
        is_other_phase,
        is_same_name,
        is_alike,
        similarity,
        name_margin,
        not is_other_phase and case
            -- An open row without a code: any alike name of the firm.
            when is_open and not shows_code then is_alike
            -- A row that shows a code nobody filed, or whose filing is withdrawn: the very same
            -- name only.
            when is_open then is_same_name or is_further_phase
            -- A further phase of what stands.
            when is_further_phase then is_same_firm
            -- Investment or a permit under a code that nobody filed: the very same name of the very
            -- same firm.
            else not is_filing and is_same_name and is_same_uscc
        end as is_admissible,
        (
            not is_other_phase
            and is_same_firm
            and is_open
            and not shows_code
            and similarity >= only_pair_name
            and is_same_brand
            and is_near_size
            and is_in_time
            and count(*) filter (where is_open and not shows_code) over (
                partition by district_code, project_code
            ) = 1
            and count(*) filter (where is_filing) over (
                partition by district_code, signing_row_no
            ) = 1
        ) as is_only_pair
    from alike

),

ranked as (

    select
        district_code,
        project_code,
        signing_row_no,
        is_same_firm,
        is_other_phase,
        is_alike,
        similarity,
        name_margin,
        is_admissible,
        is_only_pair,
        count(*) over (partition by district_code, project_code) as candidate_count,
        row_number() over (
            partition by district_code, project_code
            order by
                (is_admissible or is_only_pair) desc,
                is_withdrawn,
                is_same_name desc,
                similarity desc,
                signing_row_no
        ) as candidate_no,
        -- The next candidate that would do as well.
        lead(case
            when is_admissible or is_only_pair
                then similarity + case when is_same_name then 1 else 0 end
        end) over (
            partition by district_code, project_code, is_withdrawn
            order by
                (is_admissible or is_only_pair) desc,
                is_same_name desc,
                similarity desc,
                signing_row_no
        ) as next_score,
        similarity + case when is_same_name then 1 else 0 end as score
    from judged

),

by_name as (

    select
        district_code,
        project_code,
        signing_row_no,
        is_same_firm,
        similarity,
        candidate_count,
        case
            when is_other_phase then 'phase_differs'
            when not is_admissible and not is_only_pair and is_alike then 'row_has_code'
            when not is_admissible and not is_only_pair then 'not_alike'
            when next_score is not null and score - next_score <= name_margin then 'ambiguous'
        end as reason_code
    from ranked
    where candidate_no = 1

),

final as (

    select
        codes.district_code,
        codes.project_code,
        codes.source,
        coalesce(
            by_decision.signing_row_no,
            by_code.signing_row_no,
            case when by_name.reason_code is null then by_name.signing_row_no end,
            kept.signing_row_no
        ) as signing_row_no,
        codes.district_code || '-' || coalesce(
            by_decision.signing_row_no,
            by_code.signing_row_no,
            case when by_name.reason_code is null then by_name.signing_row_no end,
            joined.into_value,
            codes.project_code
        ) as project_id,
        case
            when by_decision.signing_row_no is not null then 'manual'
            when by_code.signing_row_no is not null then 'exact_code'
            when by_name.signing_row_no is not null and by_name.reason_code is null
                then 'name_similarity'
            else 'exact_code'
        end as match_method,
        cast(case
            when by_decision.signing_row_no is not null then rules.confidence_exact
            when by_code.claim_count > 1 then rules.confidence_shared
            when by_code.signing_row_no is not null then rules.confidence_exact
            when by_name.reason_code is null and not by_name.is_same_firm
                then rules.confidence_name_only
            when by_name.signing_row_no is not null and by_name.reason_code is null
                then by_name.similarity
            else rules.confidence_exact
        end as decimal(5, 4)) as confidence,
        coalesce(by_decision.actor, 'rule') as decided_by,
        coalesce(by_decision.decided_on, by_code.valid_from, codes.received_on) as valid_from,
        case
            when by_decision.signing_row_no is not null then '_decisions'
            when by_code.signing_row_no is not null then 'signing'
            else codes.source
        end as evidence_source,
        coalesce(by_decision.file_sha256, by_code.file_sha256, codes.file_sha256)
            as evidence_file_sha256,
        coalesce(by_decision.sheet, by_code.sheet, codes.sheet) as evidence_sheet,
        coalesce(by_decision.row_number, by_code.row_number, codes.row_number)
            as evidence_row_number,
        case
            when by_decision.signing_row_no is not null or by_code.signing_row_no is not null
                then null
            when by_name.signing_row_no is null then 'no_candidate'
            else by_name.reason_code
        end as unlinked_reason,
        coalesce(by_name.candidate_count, 0) as candidate_count,
        by_name.district_code || '-' || by_name.signing_row_no as best_candidate,
        cast(by_name.similarity as decimal(5, 4)) as best_similarity
    from codes
    left join by_decision
        on
            codes.district_code = by_decision.district_code
            and codes.project_code = by_decision.project_code
    left join by_code
        on
            codes.district_code = by_code.district_code
            and codes.project_code = by_code.project_code
    left join by_name
        on
            codes.district_code = by_name.district_code
            and codes.project_code = by_name.project_code
    left join joined
        on
            codes.district_code = joined.district_code
            and codes.project_code = joined.from_value
    left join signings as kept
        on
            joined.district_code = kept.district_code
            and joined.into_value = kept.signing_row_no
    cross join rules

)

select
    district_code,
    project_code,
    source,
    signing_row_no,
    project_id,
    match_method,
    confidence,
    decided_by,
    valid_from,
    evidence_source,
    evidence_file_sha256,
    evidence_sheet,
    evidence_row_number,
    unlinked_reason,
    candidate_count,
    best_candidate,
    best_similarity
from final
