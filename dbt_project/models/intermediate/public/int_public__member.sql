-- Everything confidential that any public table would show, firm by firm. A quantity is what firms
-- have once (the tax of twelve months, the power of now): its cells, in whatever table, are one
-- system to whoever subtracts them from each other.

with

land as (

    select
        district_code,
        cut_kind,
        cut_value,
        rank,
        uscc,
        window_end,
        tax_net,
        invoiced_sales
    from {{ ref('int_public__land') }}

),

growth as (

    select
        district_code,
        cut_kind,
        cut_value,
        rank,
        uscc,
        window_end,
        invoiced_sales,
        tax_net,
        kwh_12m,
        insured_headcount
    from {{ ref('int_public__growth') }}

),

expansion as (

    select
        district_code,
        cut_kind,
        cut_value,
        rank,
        uscc,
        sales_increment,
        tax_increment
    from {{ ref('int_public__expansion') }}

),

retrospective as (

    select
        measure,
        variant,
        quantity,
        window_end,
        cut_kind,
        cut_value,
        rank,
        reading,
        district_code,
        uscc,
        value
    from {{ ref('int_public__retrospective') }}

),

members as (

    select
        'tax ' || window_end as quantity,
        {{ public_cell("'land'", ["district_code", "cut_kind", "cut_value"]) }} as cell,
        district_code,
        uscc,
        tax_net as value,
        rank
    from land
    where tax_net is not null

    union all

    select
        'sales ' || window_end as quantity,
        {{ public_cell("'land'", ["district_code", "cut_kind", "cut_value"]) }} as cell,
        district_code,
        uscc,
        invoiced_sales as value,
        rank
    from land
    where invoiced_sales is not null

    union all

    select
        'tax ' || window_end as quantity,
        {{ public_cell("'growth'", ["district_code", "cut_kind", "cut_value"]) }} as cell,
        district_code,
        uscc,
        tax_net as value,
        rank
    from growth

    union all

    select
        'sales ' || window_end as quantity,
        {{ public_cell("'growth'", ["district_code", "cut_kind", "cut_value"]) }} as cell,
        district_code,
        uscc,
        invoiced_sales as value,
        rank
    from growth

    union all

    select
        'power ' || window_end as quantity,
        {{ public_cell("'growth'", ["district_code", "cut_kind", "cut_value"]) }} as cell,
        district_code,
        uscc,
        kwh_12m as value,
        rank
    from growth

    union all

    select
        'staff ' || window_end as quantity,
        {{ public_cell("'growth'", ["district_code", "cut_kind", "cut_value"]) }} as cell,
        district_code,
        uscc,
        insured_headcount as value,
        rank
    from growth

    union all

    select
        'sales increment' as quantity,
        {{ public_cell("'expansion'", ["district_code", "cut_kind", "cut_value"]) }} as cell,
        district_code,
        uscc,
        sales_increment as value,
        rank
    from expansion
    where sales_increment is not null

    union all

    select
        'tax increment' as quantity,
        {{ public_cell("'expansion'", ["district_code", "cut_kind", "cut_value"]) }} as cell,
        district_code,
        uscc,
        tax_increment as value,
        rank
    from expansion
    where tax_increment is not null

    union all

    select
        quantity || ' ' || window_end as quantity,
        {{ public_cell(
            "'retrospective'", ["measure", "variant", "reading", "cut_kind", "cut_value"]
        ) }} as cell,
        district_code,
        uscc,
        value,
        rank
    from retrospective

),

final as (

    select
        quantity,
        cell,
        district_code || ' ' || uscc as firm,
        cast(value as decimal(20, 4)) as value,
        rank
    from members

)

select
    quantity,
    cell,
    firm,
    value,
    rank
from final
