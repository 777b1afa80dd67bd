with

records as (

    select
        record_kind,
        district_code,
        record_key,
        uscc,
        company_key,
        name_key,
        base_name,
        phase
    from {{ ref('int_match__record') }}
    where record_kind in ('construction_permit_no', 'land_supervision_no')

),

aliases as (

    select
        project_id,
        district_code,
        uscc,
        company_key,
        name_key,
        base_name,
        phase,
        land_area,
        may_need_land
    from {{ ref('int_project__alias') }}

),

lands as (

    select
        district_code,
        land_supervision_no,
        {{ company_key("company_name") }} as company_key,
        land_area
    from {{ ref('int_land__current') }}

),

similarities as (

    select
        name_a,
        name_b,
        similarity
    from {{ ref('int_match__similarity') }}

),

rules as (

    select {{ rule('match_rule', 'area_tolerance') }} as area_tolerance

),

-- Same credit code; or the same company name where one of the two gives no code (land never does).
pairs as (

    select
        records.record_kind,
        records.district_code,
        records.record_key,
        records.company_key,
        records.name_key,
        records.base_name,
        records.phase,
        aliases.project_id,
        aliases.name_key as project_name_key,
        aliases.base_name as project_base_name,
        aliases.phase as project_phase,
        aliases.land_area as project_land_area,
        aliases.may_need_land
    from records
    inner join aliases
        on
            records.district_code = aliases.district_code
            and records.uscc = aliases.uscc

    union all

    select
        records.record_kind,
        records.district_code,
        records.record_key,
        records.company_key,
        records.name_key,
        records.base_name,
        records.phase,
        aliases.project_id,
        aliases.name_key as project_name_key,
        aliases.base_name as project_base_name,
        aliases.phase as project_phase,
        aliases.land_area as project_land_area,
        aliases.may_need_land
    from records
    inner join aliases
        on
            records.district_code = aliases.district_code
            and records.company_key = aliases.company_key
    where records.uscc is null or aliases.uscc is null

),

final as (

    select
        pairs.record_kind,
        pairs.district_code,
        pairs.record_key,
        pairs.company_key,
        pairs.project_id,
        bool_and(pairs.may_need_land) as may_need_land,
        bool_or(coalesce(pairs.name_key = pairs.project_name_key, false)) as is_same_name,
        bool_and(coalesce(pairs.phase <> pairs.project_phase, false)) as is_other_phase,
        max(coalesce(
            case when pairs.base_name = pairs.project_base_name then 1 end,
            similarities.similarity,
            0
        )) as similarity,
        bool_or(coalesce(
            abs(lands.land_area - pairs.project_land_area)
            <= rules.area_tolerance * greatest(lands.land_area, pairs.project_land_area),
            false
        )) as is_same_area
    from pairs
    left join lands
        on
            pairs.record_kind = 'land_supervision_no'
            and pairs.district_code = lands.district_code
            and pairs.record_key = lands.land_supervision_no
            and pairs.company_key = lands.company_key
    left join similarities
        on
            pairs.base_name = similarities.name_a
            and pairs.project_base_name = similarities.name_b
    cross join rules
    group by
        pairs.record_kind,
        pairs.district_code,
        pairs.record_key,
        pairs.company_key,
        pairs.project_id

)

select
    record_kind,
    district_code,
    record_key,
    company_key,
    project_id,
    may_need_land,
    is_same_name,
    is_other_phase,
    similarity,
    is_same_area
from final
