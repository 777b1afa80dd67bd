with

answers as (

    select *
    from {{ ref('int_check__controlled') }}

),

effective as (

    select
        check_id,
        district_code,
        entity_type,
        entity_id,
        counterpart_id,
        period,
        effective_severity
    from {{ ref('int_check__effective') }}

),

registry as (

    select
        check_id,
        rule_zh,
        rule_en,
        ask_for_zh,
        ask_for_en,
        exemptions_zh,
        exemptions_en
    from {{ ref('check_registry') }}

),

files as (

    select
        file_sha256,
        min(file_name) as file_name
    from {{ ref('dim_source_file') }}
    group by file_sha256

),

-- Numbers of projects and firms are those of a district: where the warehouse holds several, the
-- district comes before them, so that no two findings share an id.
districts as (

    select count(distinct district_code) > 1 as are_several
    from answers

),

named as (

    select
        answers.*,
        case
            when districts.are_several and answers.district_code is not null
                then answers.district_code || '-' || answers.entity_id
            else answers.entity_id
        end as published_id
    from answers
    cross join districts

),

results as (

    select
        answers.*,
        effective.effective_severity,
        {{ finding_id("answers", "answers.published_id") }} as finding_id
    from named as answers
    left join effective
        on
            answers.outcome = 'fail'
            and answers.check_id = effective.check_id
            and answers.district_code is not distinct from effective.district_code
            and answers.entity_type = effective.entity_type
            and answers.entity_id = effective.entity_id
            and answers.counterpart_id is not distinct from effective.counterpart_id
            and answers.period is not distinct from effective.period

),

unnested as (

    select
        finding_id,
        district_code,
        unnest(evidence) as cell,
        generate_subscripts(evidence, 1) as cell_no
    from results
    where outcome = 'fail'

),

cells as (

    select
        finding_id,
        district_code,
        cell_no,
        struct_extract(cell, 'file_sha256') as file_sha256,
        nullif(struct_extract(cell, 'sheet'), '') as sheet,
        struct_extract(cell, 'row_number') as row_number,
        struct_extract(cell, 'column_name') as column_name,
        struct_extract(cell, 'value') as cell_value
    from unnested

),

-- 依据: where a clerk finds the cells. A population check rests on every figure of a board: the
-- sentence names the first, the evidence holds them all.
places as (

    select
        cells.finding_id,
        cells.district_code,
        string_agg(
            concat(
                coalesce(files.file_name, cells.file_sha256),
                '「' || cells.sheet || '」',
                ' #', cells.row_number, ' ', cells.column_name, ' = ', cells.cell_value
            ), '; '
            order by cells.cell_no
        ) filter (where cells.cell_no <= {{ check_threshold('all', 'cells_named') }})
        || case
            when max(cells.cell_no) > {{ check_threshold('all', 'cells_named') }}
                then '; … (' || max(cells.cell_no) || ')'
            else ''
        end as places
    from cells
    left join files on cells.file_sha256 = files.file_sha256
    group by cells.finding_id, cells.district_code

),

explained as (

    select
        results.finding_id,
        results.check_id,
        results.check_version,
        results.entity_type,
        results.published_id as entity_id,
        results.counterpart_id,
        results.reporting_unit,
        results.period,
        results.outcome,
        case when results.outcome = 'na' then results.na_reason end as na_reason,
        case when results.outcome = 'fail' then results.severity end as severity,
        results.effective_severity,
        results.statistic,
        results.threshold,
        results.observed,
        results.expected,
        results.n_used,
        results.exemptions_checked,
        results.evidence,
        case
            when results.outcome = 'fail'
                then {{ sentence(
                    '规则：{}。事实：{}。应有关系：{}。差额：{}。依据：{}。已排除的正当情形：{}。需补材料：{}。',
                    ['registry.rule_zh', 'results.facts_zh', 'results.relation_zh',
                     'results.observed - results.expected', 'places.places',
                     "nullif(registry.exemptions_zh, '')", 'registry.ask_for_zh'],
                ) }}
        end as explanation_zh,
        case
            when results.outcome = 'fail'
                then {{ sentence(
                    'Rule: {}. Facts: {}. Expected: {}. Difference: {}. Sources: {}. Excluded: {}. Hand in: {}.',
                    ['registry.rule_en', 'results.facts_en', 'results.relation_en',
                     'results.observed - results.expected', 'places.places',
                     "nullif(registry.exemptions_en, '')", 'registry.ask_for_en'],
                ) }}
        end as explanation_en
    from results
    inner join registry on results.check_id = registry.check_id
    left join places
        on
            results.finding_id = places.finding_id
            and results.district_code is not distinct from places.district_code

),

-- A check that fails on more than a tenth of what it applies to is probably misconfigured: it
-- says so of itself.
alarms as (

    select
        check_id,
        check_version,
        count(*) filter (where outcome = 'fail') as fails,
        count(*) filter (where outcome <> 'na') as applicable,
        bool_and(has_self_alarm) as has_self_alarm
    from results
    group by check_id, check_version

),

alarm_rows as (

    select
        substr(sha256(check_id || '|source|' || check_id || '||'), 1, 16) as finding_id,
        check_id,
        check_version,
        'source' as entity_type,
        check_id as entity_id,
        cast(null as varchar) as counterpart_id,
        cast(null as varchar) as reporting_unit,
        cast(null as varchar) as period,
        'fail' as outcome,
        cast(null as varchar) as na_reason,
        'flag' as severity,
        'flag' as effective_severity,
        {{ significant('fails / applicable') }} as statistic,
        cast({{ check_threshold('all', 'self_alarm_share') }} as double) as threshold,
        cast(fails as decimal(24, 6)) as observed,
        cast(
            applicable * {{ check_threshold('all', 'self_alarm_share') }} as decimal(24, 6)
        ) as expected,
        cast(applicable as integer) as n_used,
        cast([] as varchar[]) as exemptions_checked,
        {{ no_evidence() }} as evidence,
        {{ sentence(
            '检查 {} 在 {} 个适用对象中判 {} 个为疑点，超过一成：先核对阈值与口径，再看各条疑点。',
            ['check_id', 'applicable', 'fails'],
        ) }} as explanation_zh,
        {{ sentence(
            'Check {} fails on {} of {} applicable units, over a tenth: look at its parameters first.',
            ['check_id', 'fails', 'applicable'],
        ) }} as explanation_en
    from alarms
    where
        has_self_alarm
        and applicable > 0
        and fails > applicable * {{ check_threshold('all', 'self_alarm_share') }}

),

united as (

    select *
    from explained

    union all by name

    select *
    from alarm_rows

),

final as (

    select
        finding_id,
        check_id,
        check_version,
        entity_type,
        entity_id,
        counterpart_id,
        reporting_unit,
        period,
        outcome,
        na_reason,
        severity,
        effective_severity,
        statistic,
        threshold,
        observed,
        expected,
        n_used,
        exemptions_checked,
        evidence,
        explanation_zh,
        explanation_en,
        {{ as_of() }} as as_of
    from united

)

select
    finding_id,
    check_id,
    check_version,
    entity_type,
    entity_id,
    counterpart_id,
    reporting_unit,
    period,
    outcome,
    na_reason,
    severity,
    effective_severity,
    statistic,
    threshold,
    observed,
    expected,
    n_used,
    exemptions_checked,
    evidence,
    explanation_zh,
    explanation_en,
    as_of
from final
