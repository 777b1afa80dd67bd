with

decisions as (

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
        row_number
    from {{ ref('stg_merge') }}

),

-- Everything that was ever delivered under a name, before any decision.
named as (

    select
        'project' as entity,
        district_code,
        signing_row_no as value
    from {{ source('raw', 'signing') }}
    where received_on <= {{ known_on() }}

    union distinct

    select
        'project' as entity,
        district_code,
        {{ project_code_key("project_code") }} as value
    from {{ source('raw', 'filing') }}
    where received_on <= {{ known_on() }}

    union distinct

    {% for source_name in contract_sources() if "uscc" in contract(source_name).columns %}
        select
            'firm' as entity,
            cast(null as varchar) as district_code,
            uscc as value
        from {{ source('raw', source_name) }}
        where received_on <= {{ known_on() }}
        {% if not loop.last %}
            union distinct
        {% endif %}
    {%- endfor %}

),

judged as (

    select
        decisions.merge_id,
        decisions.entity,
        decisions.from_id,
        decisions.into_id,
        decisions.action,
        decisions.editor,
        decisions.reason,
        decisions.decided_on,
        decisions.file_name,
        decisions.row_number,
        case
            when decisions.problem is not null then decisions.problem
            when went.value is null or stays.value is null then 'key_unknown'
            else 'applied'
        end as outcome
    from decisions
    left join named as went
        on
            decisions.entity = went.entity
            and decisions.district_code is not distinct from went.district_code
            and decisions.from_value = went.value
    left join named as stays
        on
            decisions.entity = stays.entity
            and decisions.district_code is not distinct from stays.district_code
            and decisions.into_value = stays.value

),

final as (

    select
        merge_id,
        entity,
        from_id,
        into_id,
        action,
        outcome,
        case outcome
            when 'applied' then '已生效'
            when 'unmerged' then '已撤回'
            when 'decided_again' then '已被后来的决定取代'
            when 'loop' then '未生效：互相并入，没有保留方'
            when 'key_unknown' then '未生效：没有收到过其中一方的资料'
            when 'unreadable' then '未生效：对象、动作或编号写法不对，或双方相同'
            else '未生效：缺少理由或经办人'
        end as outcome_zh,
        reason,
        editor,
        decided_on,
        file_name as decision_file,
        cast(row_number as bigint) as decision_row
    from judged

)

select
    merge_id,
    entity,
    from_id,
    into_id,
    action,
    outcome,
    outcome_zh,
    reason,
    editor,
    decided_on,
    decision_file,
    decision_row
from final
