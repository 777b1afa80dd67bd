with

records as (

    select
        record_kind,
        district_code,
        record_key,
        uscc,
        company_key,
        base_name
    from {{ ref('int_match__record') }}
    where base_name is not null

),

-- Only names of one firm are compared: a name alone never links two firms (domain.md 1.6).
of_one_credit_code as (

    select
        seeking.base_name as name_a,
        standing.base_name as name_b
    from records as seeking
    inner join records as standing
        on
            seeking.district_code = standing.district_code
            and seeking.uscc = standing.uscc
    where
        seeking.record_kind <> 'signing'
        and standing.record_kind in ('signing', 'project_code')
        and seeking.record_kind <> standing.record_kind

),

of_one_company_name as (

    select
        seeking.base_name as name_a,
        standing.base_name as name_b
    from records as seeking
    inner join records as standing
        on
            seeking.district_code = standing.district_code
            and seeking.company_key = standing.company_key
    where
        seeking.record_kind <> 'signing'
        and standing.record_kind in ('signing', 'project_code')
        and seeking.record_kind <> standing.record_kind

),

final as (

    select
        name_a,
        name_b
    from of_one_credit_code

    union distinct

    select
        name_a,
        name_b
    from of_one_company_name

)

select
    name_a,
    name_b
from final
