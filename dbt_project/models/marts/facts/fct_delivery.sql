with

deliveries as (

    select
        district_code,
        source,
        period,
        due_on,
        received_on,
        status,
        files,
        rows,
        money
    from {{ ref('delivery') }}

),

contracts as (

    select
        source,
        mode,
        rhythm,
        owner_department
    from {{ ref('stg_contract') }}

),

dated as (

    select
        deliveries.district_code,
        deliveries.source,
        deliveries.period,
        cast(case contracts.rhythm
            when 'monthly' then deliveries.period || '-01'
            when 'quarterly'
                then
                    left(deliveries.period, 4) || '-'
                    || lpad(
                        cast(3 * cast(right(deliveries.period, 1) as integer) - 2 as varchar),
                        2,
                        '0'
                    )
                    || '-01'
            when 'half_yearly'
                then
                    left(deliveries.period, 4) || '-'
                    || case right(deliveries.period, 1) when '1' then '01' else '07' end || '-01'
            else deliveries.period || '-01-01'
        end as date) as period_start,
        contracts.rhythm,
        contracts.mode,
        contracts.owner_department,
        deliveries.due_on,
        deliveries.received_on,
        deliveries.status,
        cast(row_number() over (
            partition by deliveries.district_code, deliveries.source, deliveries.period
            order by deliveries.received_on
        ) as integer) as delivery_no,
        count(*) over (
            partition by deliveries.district_code, deliveries.source, deliveries.period
        ) as delivery_count,
        deliveries.files,
        deliveries.rows,
        deliveries.money
    from deliveries
    inner join contracts on deliveries.source = contracts.source

),

final as (

    select
        district_code,
        source,
        period,
        period_start,
        cast(period_start + case rhythm
            when 'monthly' then interval 1 month
            when 'quarterly' then interval 3 month
            when 'half_yearly' then interval 6 month
            else interval 12 month
        end - interval 1 day as date) as period_end,
        rhythm,
        mode,
        owner_department,
        due_on,
        received_on,
        status,
        received_on is not null as is_received,
        case when received_on is not null then delivery_no end as delivery_no,
        status = 'missing' or (status = 'late' and delivery_no = 1) as is_late,
        case
            when status = 'missing' then cast({{ known_on() }} - due_on as integer)
            when due_on is null then null
            when status = 'late' and delivery_no = 1 then cast(received_on - due_on as integer)
            else 0
        end as days_late,
        received_on is not null and delivery_no = delivery_count as is_last_delivery,
        files,
        rows,
        money
    from dated

)

select
    district_code,
    source,
    period,
    period_start,
    period_end,
    rhythm,
    mode,
    owner_department,
    due_on,
    received_on,
    status,
    is_received,
    delivery_no,
    is_late,
    days_late,
    is_last_delivery,
    files,
    rows,
    money
from final
