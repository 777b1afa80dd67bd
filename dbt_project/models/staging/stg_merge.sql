{{ config(materialized="table") }}

with recursive

decisions as (

    select
        data,
        decided_on,
        file_name,
        file_sha256,
        row_number
    from {{ ref('stg_decision') }}
    where kind = 'merge'

),

-- Files of the kind `merge` with signing_row_no and same_as confirm a repeat signing; they are none of these.
written as (

    select
        {{ decision_text('entity', '对象') }} as entity,
        {{ decision_text('from_id', '并入方') }} as from_id,
        {{ decision_text('into_id', '保留方') }} as into_id,
        coalesce({{ decision_text('action', '动作') }}, 'merge') as action,
        coalesce({{ decision_text('editor', '经办人') }}, {{ decision_text('actor', '决定人') }})
            as editor,
        {{ decision_text('reason', '理由') }} as reason,
        decided_on,
        file_name,
        file_sha256,
        row_number
    from decisions
    where {{ decision_text('entity', '对象') }} is not null

),

judged as (

    select
        substr(md5(concat_ws('|', decided_on, file_name, row_number)), 1, 16) as merge_id,
        entity,
        from_id,
        into_id,
        action,
        editor,
        reason,
        case when entity = 'project' then regexp_extract(from_id, '^(\d{6})-(.+)$', 1) end
            as district_code,
        case
            when entity = 'project' then regexp_extract(from_id, '^(\d{6})-(.+)$', 2)
            else upper(from_id)
        end as from_value,
        case
            when entity = 'project' then regexp_extract(into_id, '^(\d{6})-(.+)$', 2)
            else upper(into_id)
        end as into_value,
        case
            when editor is null or reason is null then 'missing_reason'
            when
                entity not in ('project', 'firm')
                or action not in ('merge', 'unmerge')
                or from_id is null
                or into_id is null
                or from_id = into_id
                then 'unreadable'
            when
                entity = 'project'
                and (
                    not regexp_matches(from_id, '^\d{6}-.+$')
                    or left(from_id, 7) <> left(into_id, 7)
                )
                then 'unreadable'
        end as problem,
        decided_on,
        file_name,
        file_sha256,
        row_number
    from written

),

-- What was decided last about the one that goes stands.
last_words as (

    select
        merge_id,
        entity,
        from_id,
        from_value,
        into_value,
        action
    from judged
    where problem is null
    qualify row_number() over (
        partition by entity, from_id order by decided_on desc, file_name desc, row_number desc
    ) = 1

),

links as (

    select
        merge_id,
        entity,
        from_value,
        into_value
    from last_words
    where action = 'merge'

),

-- A went into B, and B into C: A is C.
chains as (

    select
        merge_id,
        entity,
        into_value,
        [from_value] as path
    from links

    union all

    select
        chains.merge_id,
        chains.entity,
        links.into_value,
        list_append(chains.path, links.from_value) as path
    from chains
    inner join links
        on
            chains.entity = links.entity
            and chains.into_value = links.from_value
    where not list_contains(chains.path, links.from_value)

),

ends as (

    select
        merge_id,
        arg_max(into_value, len(path)) as into_value,
        bool_or(list_contains(path, into_value)) as is_loop
    from chains
    group by merge_id

),

final as (

    select
        judged.merge_id,
        judged.entity,
        judged.from_id,
        judged.into_id,
        judged.action,
        judged.editor,
        judged.reason,
        judged.district_code,
        judged.from_value,
        coalesce(ends.into_value, judged.into_value) as into_value,
        case
            when judged.problem is not null then judged.problem
            when last_words.merge_id is null then 'decided_again'
            when judged.action = 'unmerge' then 'unmerged'
            when ends.is_loop then 'loop'
        end as problem,
        judged.decided_on,
        judged.file_name,
        judged.file_sha256,
        judged.row_number
    from judged
    left join last_words on judged.merge_id = last_words.merge_id
    left join ends on judged.merge_id = ends.merge_id

)

select
    merge_id,
    entity,
    from_id,
    into_id,
    action,
    editor,
    reason,
    district_code,
    from_value,
    into_value,
    problem,
    decided_on,
    file_name,
    file_sha256,
    row_number
from final
