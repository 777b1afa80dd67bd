-- One row a firm, month of the treasury and tax item: what it paid and what came back, all levels
-- of the budget together, without fees and the one-off taxes on land (checks.md R26, R44).

with

item_scope as (

    select
        tax_item,
        counts_on_target
    from {{ ref('tax_item_scope') }}

),

payments as (

    select
        taxes.district_code,
        taxes.uscc,
        -- A row of another month than its file keeps its own treasury date (sources.md section 3).
        last_day(coalesce(taxes.tax_treasury_date, taxes.stat_period)) as stat_period,
        taxes.tax_item,
        taxes.tax_paid,
        taxes.tax_relief,
        -- Refunds that the law gives are no pay-back (checks.md, premises, refund).
        coalesce(taxes.tax_subitem like '%退%', false) as is_refund,
        -- Owed by whoever holds land or houses, signs contracts or pays wages, sold or not.
        taxes.tax_item not in ('城镇土地使用税', '房产税', '印花税', '个人所得税') as is_of_trade
    from {{ ref('fct_tax') }} as taxes
    left join item_scope on taxes.tax_item = item_scope.tax_item
    where
        taxes.uscc is not null
        -- An item that the scope does not name is tax.
        and coalesce(item_scope.counts_on_target, true)

),

final as (

    select
        district_code,
        uscc,
        stat_period,
        tax_item,
        sum(tax_paid) as tax_net,
        coalesce(sum(tax_paid) filter (where tax_paid > 0), 0) as tax_in,
        coalesce(sum(tax_paid) filter (where tax_paid > 0 and is_of_trade), 0)
            as tax_of_trade,
        coalesce(-sum(tax_paid) filter (where tax_paid < 0 and not is_refund), 0) as tax_back,
        coalesce(sum(tax_relief), 0) as tax_relief
    from payments
    group by district_code, uscc, stat_period, tax_item

)

select
    district_code,
    uscc,
    stat_period,
    tax_item,
    tax_net,
    tax_in,
    tax_of_trade,
    tax_back,
    tax_relief
from final
