-- The versions of a firm follow each other without gap or overlap, and the last one is current and
-- says what int_enterprise says.
with

versions as (

    select
        district_code,
        uscc,
        valid_from,
        valid_to,
        is_current,
        company_name,
        is_in_register,
        lead(valid_from) over (
            partition by district_code, uscc order by valid_from
        ) as next_valid_from
    from {{ ref('dim_enterprise') }}

),

firms as (

    select
        district_code,
        uscc,
        company_name,
        is_in_register
    from {{ ref('int_enterprise') }}

),

final as (

    select
        coalesce(versions.district_code, firms.district_code) as district_code,
        coalesce(versions.uscc, firms.uscc) as uscc,
        versions.valid_from,
        versions.valid_to,
        versions.next_valid_from
    from versions
    full outer join firms
        on
            versions.is_current
            and versions.district_code = firms.district_code
            and versions.uscc = firms.uscc
    where
        versions.valid_to is distinct from versions.next_valid_from
        or versions.valid_to <= versions.valid_from
        or versions.is_current <> (versions.next_valid_from is null)
        or (
            coalesce(versions.is_current, true)
            and (
                versions.uscc is null
                or firms.uscc is null
                or versions.is_in_register <> firms.is_in_register
                or versions.company_name is distinct from firms.company_name
            )
        )

)

select
    district_code,
    uscc,
    valid_from,
    valid_to,
    next_valid_from
from final
