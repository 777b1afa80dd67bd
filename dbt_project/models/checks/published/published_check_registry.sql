{{ config(alias='check_registry') }}

with

registry as (

    select *
    from {{ ref('check_registry') }}

),

thresholds as (

    select
        check_id,
        parameter,
        value,
        unit,
        effective_from,
        source,
        note
    from {{ ref('check_threshold') }}

),

-- Every version of every parameter; the parameters that all checks share stand at each of them.
listed as (

    select
        registry.check_id,
        list(
            struct_pack(
                parameter := thresholds.parameter,
                value := thresholds.value,
                unit := thresholds.unit,
                effective_from := thresholds.effective_from,
                source := thresholds.source,
                note := thresholds.note
            )
            order by thresholds.check_id, thresholds.parameter, thresholds.effective_from
        ) as thresholds
    from registry
    inner join thresholds
        on registry.check_id = thresholds.check_id or thresholds.check_id = 'all'
    group by registry.check_id

),

final as (

    select
        registry.check_id,
        registry.check_version,
        registry.name_zh,
        registry.name_en,
        registry.family,
        registry.owner,
        registry.most_severity,
        registry.is_hard,
        registry.is_population,
        registry.has_p_value,
        registry.has_self_alarm,
        registry.unit as unit_of_check,
        registry.minimum_sample,
        string_split(registry.inputs, ' ') as inputs,
        registry.rule_zh,
        registry.rule_en,
        registry.formula,
        registry.exemptions_zh,
        registry.exemptions_en,
        registry.ask_for_zh,
        registry.ask_for_en,
        listed.thresholds,
        registry.model
    from registry
    left join listed on registry.check_id = listed.check_id

)

select
    check_id,
    check_version,
    name_zh,
    name_en,
    family,
    owner,
    most_severity,
    is_hard,
    is_population,
    has_p_value,
    has_self_alarm,
    unit_of_check,
    minimum_sample,
    inputs,
    rule_zh,
    rule_en,
    formula,
    exemptions_zh,
    exemptions_en,
    ask_for_zh,
    ask_for_en,
    thresholds,
    model
from final
