-- What the two differences beside every figure are made of: 水分 (claimed less evidenced) and what
-- the checks hold back (evidenced less verified), project by project. A project that is claimed on
-- one day and evidenced on another stands twice: the two cancel in every window that has both.

with

figure_rows as (

    select
        measure,
        variant,
        form,
        reading,
        part,
        project_id,
        placed_on,
        coalesce(counted, 0) as counted,
        coalesce(amount, 0) as amount
    from {{ ref('fct_figure_row') }}
    where
        part in ('numerator', 'denominator')
        and reading in ('claimed', 'evidenced')

),

held_back as (

    select
        project_id,
        list(finding_id order by check_id, finding_id) as finding_ids
    from {{ ref('int_check__held_back') }}
    group by project_id

),

unsupported as (

    select
        'unsupported' as gap,
        measure,
        variant,
        form,
        part,
        project_id,
        placed_on,
        sum(case reading when 'claimed' then counted else -counted end) as counted,
        sum(case reading when 'claimed' then amount else -amount end) as amount,
        cast([] as varchar[]) as finding_ids
    from figure_rows
    group by
        measure,
        variant,
        form,
        part,
        project_id,
        placed_on

),

held as (

    select
        'held_back' as gap,
        figure_rows.measure,
        figure_rows.variant,
        figure_rows.form,
        figure_rows.part,
        figure_rows.project_id,
        figure_rows.placed_on,
        figure_rows.counted,
        figure_rows.amount,
        held_back.finding_ids
    from figure_rows
    inner join held_back on figure_rows.project_id = held_back.project_id
    where figure_rows.reading = 'evidenced'

),

united as (

    select * from unsupported
    union all
    select * from held

),

final as (

    select
        gap,
        measure,
        variant,
        form,
        part,
        project_id,
        placed_on,
        cast(counted as integer) as counted,
        cast(amount as decimal(20, 4)) as amount,
        finding_ids
    from united
    where
        counted <> 0
        or amount <> 0

)

select
    gap,
    measure,
    variant,
    form,
    part,
    project_id,
    placed_on,
    counted,
    amount,
    finding_ids
from final
