-- Every accepted row is in the fact of its source, or a later statement took its place (which
-- assert_no_row_is_lost proves), or it happened after as_of; and the fact holds nothing else. In
-- count and in amount, which the fact has with four decimals.
with

sources as (

    select
        source,
        district_code,
        fact,
        rows_stated,
        rows_superseded,
        rows_after_as_of,
        rows_in_fact,
        fact_rows,
        amount_stated,
        amount_superseded,
        amount_after_as_of,
        amount_carried,
        fact_amount
    from {{ ref('conservation') }}
    where fact is not null

),

final as (

    select
        source,
        district_code,
        fact,
        rows_stated,
        rows_superseded,
        rows_after_as_of,
        rows_in_fact,
        fact_rows,
        amount_stated,
        amount_superseded,
        amount_after_as_of,
        amount_carried,
        fact_amount
    from sources
    where
        rows_stated <> rows_superseded + rows_after_as_of + rows_in_fact
        or rows_in_fact <> fact_rows
        or amount_stated <> amount_superseded + amount_after_as_of + amount_carried
        or abs(amount_carried - fact_amount) > cast(0.00005 as decimal(6, 5)) * fact_rows

)

select
    source,
    district_code,
    fact,
    rows_stated,
    rows_superseded,
    rows_after_as_of,
    rows_in_fact,
    fact_rows,
    amount_stated,
    amount_superseded,
    amount_after_as_of,
    amount_carried,
    fact_amount
from final
