-- The growth watch judges by the same terms as stage 6: who reaches both terms at the last complete
-- month is on target, and who is on target since that month reaches them.
with

terms as (

    select
        project_id,
        months_in_production,
        target_sales,
        target_tax,
        attained_sales,
        attained_tax
    from {{ ref('int_gate__terms') }}

),

on_targets as (

    select
        project_id,
        on_target_on
    from {{ ref('int_stage__on_target') }}
    where variant = 'main'

),

rules as (

    select
        cast({{ rule('stage_rule', 'on_target_min_months') }} as integer) as min_months

),

joined as (

    select
        terms.project_id,
        coalesce(
            terms.months_in_production >= rules.min_months
            and terms.attained_sales >= terms.target_sales
            and terms.attained_tax >= terms.target_tax,
            false
        ) as reaches_both,
        on_targets.on_target_on
    from terms
    cross join rules
    left join on_targets on terms.project_id = on_targets.project_id

),

final as (

    select
        project_id,
        reaches_both,
        on_target_on
    from joined
    where
        (reaches_both and on_target_on is null)
        or (not reaches_both and on_target_on = {{ last_full_month() }})

)

select
    project_id,
    reaches_both,
    on_target_on
from final
