with

cells as (

    select
        quarantine_id,
        file_sha256,
        source,
        district_code,
        received_on,
        file_name,
        sheet,
        row_number,
        column_name,
        cell_text,
        reason_code,
        reason_zh,
        reason_en,
        owner,
        row_key,
        scope,
        money
    from {{ ref('stg_quarantine') }}

),

delivery_scopes as (

    select
        source,
        district_code,
        scope,
        received_on
    from {{ ref('stg_delivery_scope') }}

),

last_decisions as (

    select
        quarantine_id,
        state,
        reason,
        actor
    from {{ ref('stg_quarantine_decision') }}

),

seeking as (

    select distinct
        source,
        district_code,
        received_on,
        row_key
    from cells
    where row_key is not null

),

-- A later delivery that has the key repairs the row, whatever it says in it (sources.md section 4).
repaired as (
    {% for source_name in contract_sources() if contract(source_name)["keys"] %}
        select
            seeking.source,
            seeking.district_code,
            seeking.received_on,
            seeking.row_key,
            min(accepted.received_on) as repaired_on
        from seeking
        inner join {{ ref('stg_' ~ source_name) }} as accepted
            on
                seeking.district_code = accepted.district_code
                and seeking.row_key = {{ row_key(source_name) }}
                and seeking.received_on < accepted.received_on
        where seeking.source = '{{ source_name }}'
        group by seeking.source, seeking.district_code, seeking.received_on, seeking.row_key
        {% if not loop.last %}
            union all
        {% endif %}
    {%- endfor %}
),

-- Where the key itself cannot be read, a later delivery of the same period, year or register
-- replaces it.
restated as (

    select
        cells.quarantine_id,
        min(delivery_scopes.received_on) as repaired_on
    from cells
    inner join delivery_scopes
        on
            cells.source = delivery_scopes.source
            and cells.district_code = delivery_scopes.district_code
            and cells.scope = delivery_scopes.scope
            and cells.received_on < delivery_scopes.received_on
    where cells.row_key is null
    group by cells.quarantine_id

),

final as (

    select
        cells.quarantine_id,
        cells.file_sha256,
        cells.source,
        cells.received_on,
        cells.sheet,
        cells.row_number,
        cells.column_name,
        cells.cell_text,
        cells.reason_code,
        cells.reason_zh,
        cells.reason_en,
        cells.owner,
        case
            when last_decisions.state is not null then last_decisions.state
            when repaired.repaired_on is not null or restated.repaired_on is not null
                then 'superseded'
            else 'open'
        end as state,
        case
            when last_decisions.state is not null then last_decisions.actor
            when repaired.repaired_on is not null or restated.repaired_on is not null then 'rule'
        end as state_changed_by,
        case
            when last_decisions.state is not null then last_decisions.reason
            when repaired.repaired_on is not null or restated.repaired_on is not null
                then
                    '已由 ' || coalesce(repaired.repaired_on, restated.repaired_on)
                    || ' 的报送更正 / repaired by the delivery of that day'
        end as state_reason,
        cells.district_code,
        cells.file_name,
        cells.row_key,
        cells.scope,
        cells.money
    from cells
    left join last_decisions on cells.quarantine_id = last_decisions.quarantine_id
    left join repaired
        on
            cells.source = repaired.source
            and cells.district_code = repaired.district_code
            and cells.received_on = repaired.received_on
            and cells.row_key = repaired.row_key
    left join restated on cells.quarantine_id = restated.quarantine_id

)

select
    quarantine_id,
    file_sha256,
    source,
    received_on,
    sheet,
    row_number,
    column_name,
    cell_text,
    reason_code,
    reason_zh,
    reason_en,
    owner,
    state,
    state_changed_by,
    state_reason,
    district_code,
    file_name,
    row_key,
    scope,
    money
from final
