with

decisions as (

    select
        decided_on,
        file_name,
        row_number,
        json_extract_string(data, '$.key_kind') as key_kind,
        {{ text_key("json_extract_string(data, '$.key_value')") }} as key_value,
        json_extract_string(data, '$.project_id') as project_named,
        json_extract_string(data, '$.action') as action,
        json_extract_string(data, '$.actor') as actor,
        json_extract_string(data, '$.reason') as reason,
        file_sha256
    from {{ ref('stg_decision') }}
    where kind = 'link'

),

joined as (

    select
        district_code,
        from_value,
        into_value
    from {{ ref('stg_merge') }}
    where entity = 'project' and problem is null

),

-- What was decided about a project counts for the one into which it went.
renamed as (

    select
        decisions.key_kind,
        decisions.key_value,
        coalesce(joined.district_code || '-' || joined.into_value, decisions.project_named)
            as project_id,
        decisions.action,
        decisions.actor,
        decisions.reason,
        decisions.decided_on,
        decisions.file_name,
        decisions.file_sha256,
        decisions.row_number
    from decisions
    left join joined
        on decisions.project_named = joined.district_code || '-' || joined.from_value

),

-- What was decided last about a key and a project stands.
final as (

    select
        key_kind,
        key_value,
        project_id,
        action,
        actor,
        reason,
        decided_on,
        file_sha256,
        row_number
    from renamed
    where action in ('link', 'unlink')
    qualify row_number() over (
        partition by key_kind, key_value, project_id
        order by decided_on desc, file_name desc, row_number desc
    ) = 1

)

select
    key_kind,
    key_value,
    project_id,
    action,
    actor,
    reason,
    decided_on,
    file_sha256,
    row_number
from final
