-- Benjamini-Hochberg within check and month over applicable units (checks.md): a fail whose
-- adjusted p-value is above q is a pass. A clause without a p-value stands as it is.

with

answers as (

    select *
    from {{ ref('int_check__answer') }}

),

registry as (

    select
        check_id,
        family,
        is_hard,
        is_population,
        has_self_alarm,
        check_version
    from {{ ref('check_registry') }}

),

ranked as (

    select
        check_id,
        district_code,
        entity_type,
        entity_id,
        counterpart_id,
        period,
        p_value,
        row_number() over (
            partition by check_id, period
            order by p_value, district_code, entity_type, entity_id, counterpart_id
        ) as p_rank,
        count(*) over (partition by check_id, period) as n_tests
    from answers
    where p_value is not null and outcome <> 'na'

),

adjusted as (

    select
        check_id,
        district_code,
        entity_type,
        entity_id,
        counterpart_id,
        period,
        min(p_value * n_tests / p_rank) over (
            partition by check_id, period
            order by p_rank desc
            rows between unbounded preceding and current row
        ) as adjusted_p
    from ranked

),

final as (

    select
        answers.* exclude (outcome, severity),
        registry.family,
        registry.is_hard,
        registry.is_population,
        registry.has_self_alarm,
        registry.check_version,
        case
            when
                answers.outcome = 'fail'
                and adjusted.adjusted_p > {{ check_threshold('all', 'false_discovery_rate') }}
                then 'pass'
            else answers.outcome
        end as outcome,
        case
            when
                answers.outcome = 'fail'
                and adjusted.adjusted_p > {{ check_threshold('all', 'false_discovery_rate') }}
                then null
            else answers.severity
        end as severity
    from answers
    inner join registry on answers.check_id = registry.check_id
    left join adjusted
        on
            answers.check_id = adjusted.check_id
            and answers.district_code is not distinct from adjusted.district_code
            and answers.entity_type = adjusted.entity_type
            and answers.entity_id = adjusted.entity_id
            and answers.counterpart_id is not distinct from adjusted.counterpart_id
            and answers.period is not distinct from adjusted.period

)

select *
from final
