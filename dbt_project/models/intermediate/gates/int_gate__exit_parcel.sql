-- Of every parcel of a project whether it lies idle: not started a year (two years) after the
-- agreed day, or started, below a quarter of the investment and stopped for a year.

with

facts as (

    select
        project_id,
        withdrawn_on,
        is_terminated,
        started_on,
        completed_on,
        planned_investment,
        investment_cum,
        last_works_on
    from {{ ref('int_gate__exit_fact') }}

),

lands as (

    select
        project_id,
        land_supervision_no,
        company_name,
        land_price,
        agreed_start_date,
        started_on,
        completed_on,
        file_sha256,
        sheet,
        row_number
    from {{ ref('fct_land') }}
    where project_id is not null

),

rules as (

    select
        {{ gate_value('exit_land_idle', 'fee_months') }} as fee_months,
        {{ gate_value('exit_land_idle', 'recovery_months') }} as recovery_months,
        cast({{ gate_value('exit_land_idle', 'fee_share') }} as decimal(24, 6)) as fee_share,
        {{ gate_value('exit_land_idle', 'investment_share') }} as investment_share,
        {{ gate_value('exit_land_idle', 'stopped_months') }} as stopped_months

),

parcels as (

    select
        lands.project_id,
        lands.land_supervision_no,
        lands.company_name,
        lands.land_price,
        lands.agreed_start_date,
        -- Either office may have seen the start of the works.
        least(lands.started_on, facts.started_on) as started_on,
        lands.started_on as land_started_on,
        least(lands.completed_on, facts.completed_on) as completed_on,
        coalesce(facts.last_works_on, facts.started_on, lands.started_on) as last_works_on,
        {{ exact_ratio("facts.investment_cum", "facts.planned_investment") }} as completion_rate,
        lands.file_sha256,
        lands.sheet,
        lands.row_number
    from lands
    inner join facts on lands.project_id = facts.project_id
    where
        facts.withdrawn_on is null
        and not facts.is_terminated

),

dated as (

    select
        parcels.project_id,
        parcels.land_supervision_no,
        parcels.company_name,
        parcels.land_price,
        parcels.agreed_start_date,
        parcels.started_on,
        parcels.land_started_on,
        parcels.completed_on,
        parcels.last_works_on,
        parcels.completion_rate,
        rules.fee_share,
        rules.investment_share,
        {{ months_after("parcels.agreed_start_date", "rules.fee_months") }} as fee_on,
        {{ months_after("parcels.agreed_start_date", "rules.recovery_months") }} as recovery_on,
        {{ months_after("parcels.last_works_on", "rules.stopped_months") }} as stopped_on,
        parcels.file_sha256,
        parcels.sheet,
        parcels.row_number
    from parcels
    cross join rules

),

final as (

    select
        project_id,
        land_supervision_no,
        company_name,
        land_price,
        agreed_start_date,
        started_on,
        land_started_on,
        last_works_on,
        completion_rate,
        case when started_on is null then fee_on else stopped_on end as idle_from,
        case
            when started_on is null and fee_on is null then 'no_agreed_start'
            when started_on is not null and completion_rate is null then 'no_planned_investment'
            when started_on is not null and stopped_on is null then 'no_threshold'
        end as na_reason,
        case
            when started_on is null and {{ as_of() }} >= recovery_on then '可无偿收回'
            when started_on is null and {{ as_of() }} > fee_on then '征缴闲置费'
            when
                started_on is not null
                and completed_on is null
                and completion_rate < investment_share
                and {{ as_of() }} >= stopped_on
                then '中止开发'
        end as idle_kind,
        cast(
            case
                when
                    started_on is null
                    and {{ as_of() }} > fee_on
                    and coalesce({{ as_of() }} < recovery_on, true)
                    then land_price * fee_share
            end as decimal(20, 4)
        ) as idle_fee,
        file_sha256,
        sheet,
        row_number
    from dated

)

select
    project_id,
    land_supervision_no,
    company_name,
    land_price,
    agreed_start_date,
    started_on,
    land_started_on,
    last_works_on,
    completion_rate,
    idle_from,
    na_reason,
    idle_kind,
    idle_fee,
    file_sha256,
    sheet,
    row_number
from final
