-- The register says where a parcel stands now; the deliveries say where it stood before. Stages may
-- repeat in any order (metrics.md), so each stay is counted, not each stage once.

with

statements as (

    select
        district_code,
        parcel_no,
        reporting_unit,
        land_area,
        reserve_stage,
        stage_date,
        project_code,
        version_no,
        valid_from,
        valid_to,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_land_reserve__history') }}
    where coalesce(stage_date, valid_from) <= {{ as_of() }}

),

-- A stay is one statement of a stage after another; the same stage under another date is a new one.
stays as (

    select
        district_code,
        parcel_no,
        reserve_stage,
        version_no,
        valid_from,
        coalesce(stage_date, valid_from) as entered_on,
        lag(reserve_stage) over parcel_in_time as former_stage,
        lag(stage_date) over parcel_in_time as former_date,
        lag(version_no) over parcel_in_time as former_version,
        stage_date
    from statements
    window parcel_in_time as (partition by district_code, parcel_no order by version_no)

),

entries as (

    select
        district_code,
        parcel_no,
        reserve_stage,
        version_no,
        entered_on,
        lead(entered_on) over (
            partition by district_code, parcel_no order by version_no
        ) as next_entered_on
    from stays
    where
        former_version is null
        or reserve_stage is distinct from former_stage
        or stage_date is distinct from former_date

),

-- A parcel that has left the register stays in its last stage until the day on which it was gone.
last_words as (

    select
        district_code,
        parcel_no,
        reporting_unit,
        land_area,
        reserve_stage,
        stage_date,
        project_code,
        valid_from,
        valid_to,
        file_sha256,
        sheet,
        row_number
    from statements
    qualify row_number() over (
        partition by district_code, parcel_no order by version_no desc
    ) = 1

),

durations as (

    select
        entries.district_code,
        entries.parcel_no,
        entries.reserve_stage,
        entries.version_no,
        greatest(
            date_diff(
                'day',
                entries.entered_on,
                coalesce(
                    entries.next_entered_on,
                    case when last_words.valid_to <= {{ as_of() }} then last_words.valid_to end,
                    {{ as_of() }}
                )
            ),
            0
        ) as days_in_stage
    from entries
    inner join last_words
        on
            entries.district_code = last_words.district_code
            and entries.parcel_no = last_words.parcel_no

),

totals as (

    select
        district_code,
        parcel_no,
        string_agg(reserve_stage, ' > ' order by version_no) as stage_path,
        cast(count(*) as integer) as stage_count,
        cast(sum(days_in_stage) filter (where reserve_stage = '规划') as integer) as planning_days,
        cast(sum(days_in_stage) filter (where reserve_stage = '征收') as integer)
            as acquisition_days,
        cast(sum(days_in_stage) filter (where reserve_stage = '储备') as integer) as reserve_days,
        cast(sum(days_in_stage) filter (where reserve_stage = '利用') as integer) as use_days,
        cast(arg_max(days_in_stage, version_no) as integer) as current_stage_days
    from durations
    group by district_code, parcel_no

),

code_links as (

    select
        district_code,
        project_code,
        project_id
    from {{ ref('int_match__project_code') }}

),

parcel_links as (

    select
        district_code,
        {{ text_key("key_value") }} as parcel_key,
        min(project_id) as project_id,
        count(distinct project_id) as project_count
    from {{ ref('bridge_project_key') }}
    where key_kind = 'parcel_no' and valid_to is null
    group by district_code, {{ text_key("key_value") }}

),

projects as (

    select
        project_id,
        project_name,
        uscc
    from {{ ref('int_project') }}

),

-- The code in the register decides; without one, the one project whose filing or supply names the
-- parcel.
served as (

    select
        last_words.district_code,
        last_words.parcel_no,
        last_words.reporting_unit,
        last_words.land_area,
        last_words.reserve_stage,
        last_words.stage_date,
        last_words.project_code,
        last_words.valid_from,
        last_words.valid_to,
        last_words.file_sha256,
        last_words.sheet,
        last_words.row_number,
        coalesce(
            code_links.project_id,
            case when parcel_links.project_count = 1 then parcel_links.project_id end
        ) as project_id,
        case
            when code_links.project_id is not null then 'project_code'
            when parcel_links.project_count = 1 then 'parcel_no'
        end as project_link
    from last_words
    left join code_links
        on
            last_words.district_code = code_links.district_code
            and {{ project_code_key("last_words.project_code") }} = code_links.project_code
    left join parcel_links
        on
            last_words.district_code = parcel_links.district_code
            and {{ text_key("last_words.parcel_no") }} = parcel_links.parcel_key

),

final as (

    select
        served.district_code,
        served.parcel_no,
        coalesce(served.reporting_unit, '未知') as reporting_unit,
        served.reserve_stage,
        served.stage_date,
        served.valid_to is null as is_in_register,
        case when served.valid_to <= {{ as_of() }} then served.valid_to end as left_register_on,
        cast(served.land_area as decimal(20, 4)) as land_area,
        cast(
            case when served.reserve_stage = '规划' then served.land_area else 0 end
            as decimal(20, 4)
        ) as planning_mu,
        cast(
            case when served.reserve_stage = '征收' then served.land_area else 0 end
            as decimal(20, 4)
        ) as acquisition_mu,
        cast(
            case when served.reserve_stage = '储备' then served.land_area else 0 end
            as decimal(20, 4)
        ) as reserve_mu,
        cast(
            case when served.reserve_stage = '利用' then served.land_area else 0 end
            as decimal(20, 4)
        ) as use_mu,
        totals.stage_path,
        totals.stage_count,
        totals.current_stage_days,
        totals.planning_days,
        totals.acquisition_days,
        totals.reserve_days,
        totals.use_days,
        served.project_code,
        served.project_id,
        served.project_link,
        projects.project_name,
        projects.uscc,
        'land_reserve' as source,
        served.file_sha256,
        served.sheet,
        served.row_number,
        {{ as_of() }} as as_of,
        {{ known_on() }} as known_on
    from served
    inner join totals
        on
            served.district_code = totals.district_code
            and served.parcel_no = totals.parcel_no
    left join projects on served.project_id = projects.project_id

)

select
    district_code,
    parcel_no,
    reporting_unit,
    reserve_stage,
    stage_date,
    is_in_register,
    left_register_on,
    land_area,
    planning_mu,
    acquisition_mu,
    reserve_mu,
    use_mu,
    stage_path,
    stage_count,
    current_stage_days,
    planning_days,
    acquisition_days,
    reserve_days,
    use_days,
    project_code,
    project_id,
    project_link,
    project_name,
    uscc,
    source,
    file_sha256,
    sheet,
    row_number,
    as_of,
    known_on
from final
