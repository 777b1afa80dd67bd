with

targets as (

    select
        district_code,
        stat_year,
        reporting_unit,
        metric,
        target_value,
        unit,
        received_on,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_target__current') }}

),

measures as (

    select
        target_metric,
        measure,
        form,
        basis
    from {{ ref('target_measure') }}
    where effective_from <= {{ as_of() }}
    qualify row_number() over (partition by target_metric order by effective_from desc) = 1

),

units as (

    select
        unit,
        canonical_unit,
        factor
    from {{ ref('target_unit') }}
    where effective_from <= {{ as_of() }}
    qualify row_number() over (partition by unit order by effective_from desc) = 1

),

final as (

    select
        targets.district_code,
        targets.stat_year,
        targets.reporting_unit,
        targets.metric,
        measures.measure,
        measures.form,
        measures.basis,
        cast(
            cast(targets.target_value as decimal(24, 6))
            * cast(coalesce(units.factor, 1) as decimal(14, 6)) as decimal(20, 4)
        ) as target_value,
        coalesce(units.canonical_unit, targets.unit) as unit,
        targets.received_on,
        'target' as source,
        targets.file_sha256,
        targets.sheet,
        targets.row_number
    from targets
    left join measures on targets.metric = measures.target_metric
    left join units on targets.unit = units.unit

)

select
    district_code,
    stat_year,
    reporting_unit,
    metric,
    measure,
    form,
    basis,
    target_value,
    unit,
    received_on,
    source,
    file_sha256,
    sheet,
    row_number
from final
