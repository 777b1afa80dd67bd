-- The last day on which each source was delivered: what it does not show after that says nothing.

with

loads as (

    select
        district_code,
        source,
        received_on
    from {{ ref('stg_load_log') }}
    where status in ('loaded', 'unchanged')

),

final as (

    select
        district_code,
        source,
        max(received_on) as last_received_on
    from loads
    group by district_code, source

)

select
    district_code,
    source,
    last_received_on
from final
