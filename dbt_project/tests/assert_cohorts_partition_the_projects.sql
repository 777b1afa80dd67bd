-- Every project of the ledger that reached a stage is in one cohort of it: the months, the quarters
-- and the years each add up to all of them, and all of them are the projects of the snapshot. In
-- count and, for signing, in money.
with

projects as (

    select
        signed_claimed_on,
        filed_claimed_on,
        started_claimed_on,
        completed_claimed_on,
        produced_claimed_on,
        on_target_claimed_on,
        signed_evidenced_on,
        filed_evidenced_on,
        started_evidenced_on,
        completed_evidenced_on,
        produced_evidenced_on,
        on_target_evidenced_on,
        signed_verified_on,
        filed_verified_on,
        started_verified_on,
        completed_verified_on,
        produced_verified_on,
        on_target_verified_on,
        signed_investment
    from {{ ref('fct_project_funnel') }}
    where
        signing_row_no is not null
        and withdrawn_on is null

),

reached as (
    {% for reading in ["claimed", "evidenced", "verified"] %}
        {% set outer_loop = loop %}
        {% for stage in ["signed", "filed", "started", "completed", "produced", "on_target"] %}
            select
                '{{ reading }}' as reading,
                '{{ stage }}' as measure,
                'count' as basis,
                cast(count({{ stage }}_{{ reading }}_on) as decimal(20, 4)) as figure
            from projects

            union all
        {% endfor %}
        select
            '{{ reading }}' as reading,
            'signed' as measure,
            'amount' as basis,
            cast(coalesce(sum(signed_investment) filter (
                where signed_{{ reading }}_on is not null
            ), 0) as decimal(20, 4)) as figure
        from projects
        {% if not outer_loop.last %}
            union all
        {% endif %}
    {% endfor %}
),

cohorts as (

    select
        window_kind,
        reading,
        measure,
        basis,
        sum(numerator) as figure
    from {{ ref('mart_funnel') }}
    where
        cut_kind = 'district'
        and cut_value = '全区'
        and form = 'cohort'
        and variant = 'main'
        and window_kind <> 'plan'
    group by window_kind, reading, measure, basis

),

window_kinds as (

    select distinct window_kind
    from cohorts

),

final as (

    select
        window_kinds.window_kind,
        reached.reading,
        reached.measure,
        reached.basis,
        reached.figure,
        cohorts.figure as cohort_figure
    from reached
    cross join window_kinds
    left join cohorts
        on
            window_kinds.window_kind = cohorts.window_kind
            and reached.reading = cohorts.reading
            and reached.measure = cohorts.measure
            and reached.basis = cohorts.basis
    where reached.figure is distinct from cohorts.figure

)

select
    window_kind,
    reading,
    measure,
    basis,
    figure,
    cohort_figure
from final
