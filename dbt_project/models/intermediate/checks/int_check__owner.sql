-- One row a firm of the register, with whoever bears its rights and duties now: a merged or split
-- firm is followed to its last successor (checks.md R09). Ten steps end a circle of successors.

with recursive

firms as (

    select
        district_code,
        uscc,
        company_registered_date,
        enterprise_status,
        coalesce(deregistered_date, revoked_date) as ended_on,
        successor_uscc,
        {{ evidence_cell('enterprise', 'enterprise', 'enterprise_status') }} as status_cell
    from {{ ref('int_enterprise__current') }} as enterprise

),

chain as (

    select
        district_code,
        uscc as first_uscc,
        uscc,
        0 as step
    from firms

    union all

    select
        chain.district_code,
        chain.first_uscc,
        firms.successor_uscc as uscc,
        chain.step + 1 as step
    from chain
    inner join firms
        on chain.district_code = firms.district_code and chain.uscc = firms.uscc
    where firms.successor_uscc is not null and chain.step < 10

),

last_owners as (

    select
        district_code,
        first_uscc,
        arg_max(uscc, step) as uscc,
        max(step) as steps
    from chain
    group by district_code, first_uscc

),

final as (

    select
        last_owners.district_code,
        last_owners.first_uscc as uscc,
        last_owners.uscc as successor_uscc,
        last_owners.steps > 0 as has_successor,
        firms.company_registered_date as registered_on,
        firms.enterprise_status,
        firms.ended_on,
        firms.status_cell
    from last_owners
    left join firms
        on
            last_owners.district_code = firms.district_code
            and last_owners.uscc = firms.uscc

)

select
    district_code,
    uscc,
    successor_uscc,
    has_successor,
    registered_on,
    enterprise_status,
    ended_on,
    status_cell
from final
