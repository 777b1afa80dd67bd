with

enterprises as (

    select
        district_code,
        uscc,
        company_name
    from {{ ref('int_enterprise__history') }}

),

signings as (

    select
        district_code,
        uscc,
        company_name
    from {{ ref('int_signing__history') }}

),

filings as (

    select
        district_code,
        uscc,
        company_name
    from {{ ref('int_filing__current') }}

),

permits as (

    select
        district_code,
        uscc,
        company_name
    from {{ ref('int_permit__current') }}

),

names as (

    select district_code, uscc, {{ company_key("company_name") }} as company_key
    from enterprises

    union distinct

    select district_code, uscc, {{ company_key("company_name") }} as company_key
    from signings

    union distinct

    select district_code, uscc, {{ company_key("company_name") }} as company_key
    from filings

    union distinct

    select district_code, uscc, {{ company_key("company_name") }} as company_key
    from permits

),

-- A name that two firms have borne names neither.
final as (

    select
        district_code,
        company_key,
        count(distinct uscc) as firm_count,
        case when count(distinct uscc) = 1 then min(uscc) end as uscc
    from names
    where company_key is not null and uscc is not null
    group by district_code, company_key

)

select
    district_code,
    company_key,
    firm_count,
    uscc
from final
