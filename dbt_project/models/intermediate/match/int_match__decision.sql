with

decisions as (

    select
        decided_on,
        file_name,
        row_number,
        json_extract_string(data, '$.key_kind') as key_kind,
        {{ text_key("json_extract_string(data, '$.key_value')") }} as key_value,
        json_extract_string(data, '$.project_id') as project_id,
        json_extract_string(data, '$.action') as action,
        json_extract_string(data, '$.actor') as actor,
        json_extract_string(data, '$.reason') as reason,
        file_sha256
    from {{ ref('stg_decision') }}
    where kind = 'link'

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
    from decisions
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
