-- Months in which a firm had insured staff or sales, and the months for which both sources were
-- delivered at all: where they were not, nothing can be said (absence of data is not evidence).

with

insured as (

    select
        district_code,
        uscc,
        stat_period
    from {{ ref('fct_insured_month') }}
    where insured_headcount > 0

),

sales as (

    select
        district_code,
        uscc,
        stat_period
    from {{ ref('fct_sales_month') }}
    where invoiced_sales <> 0

),

alive as (

    select
        district_code,
        uscc,
        stat_period
    from insured

    union

    select
        district_code,
        uscc,
        stat_period
    from sales

),

final as (

    select
        district_code,
        uscc,
        stat_period
    from alive

)

select
    district_code,
    uscc,
    stat_period
from final
