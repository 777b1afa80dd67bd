with

commitments as (

    select
        district_code,
        fund_no,
        fund_name,
        chain,
        commitment_kind,
        committed,
        drawn,
        exited,
        reinvested_locally,
        result_evidenced
    from {{ ref('mart_fund') }}

),

final as (

    select
        district_code,
        fund_no,
        max(fund_name) as fund_name,
        max(chain) as chain,
        cast(sum(committed) filter (where commitment_kind = 'fund') as decimal(20, 4))
            as fund_committed,
        cast(
            coalesce(sum(committed) filter (where commitment_kind = 'project'), 0)
            as decimal(20, 4)
        ) as project_committed,
        cast(coalesce(sum(drawn), 0) as decimal(20, 4)) as drawn,
        cast(coalesce(sum(exited), 0) as decimal(20, 4)) as exited,
        cast(coalesce(sum(reinvested_locally), 0) as decimal(20, 4)) as reinvested_locally,
        cast(count(*) filter (where commitment_kind = 'project') as integer) as project_count,
        cast(count(*) filter (
            where commitment_kind = 'project' and result_evidenced in ('开工', '投产', '达效')
        ) as integer) as started_count,
        cast(count(*) filter (
            where commitment_kind = 'project' and result_evidenced in ('投产', '达效')
        ) as integer) as producing_count,
        {{ as_of() }} as as_of,
        {{ known_on() }} as known_on
    from commitments
    group by district_code, fund_no

)

select
    district_code,
    fund_no,
    fund_name,
    chain,
    fund_committed,
    project_committed,
    drawn,
    exited,
    reinvested_locally,
    project_count,
    started_count,
    producing_count,
    as_of,
    known_on
from final
