-- The fails as people decide about them: each with its identity and the digest of its figures. The
-- digest is what a decision was about: severity and the values of the evidence, in any order. Not
-- in it: file, sheet and row, which change when an unchanged figure is delivered again; and the
-- statistic, which moves by itself with the days (R05, R31) and with the figures of others (R17).
-- Of a check about a population, or without evidence, the figures themselves are all there is.

with

answers as (

    select
        check_id,
        district_code,
        entity_type,
        entity_id,
        counterpart_id,
        period,
        anchor_on,
        reporting_unit,
        project_id,
        counterpart_project_id,
        uscc,
        outcome,
        severity,
        statistic,
        observed,
        expected,
        evidence,
        is_population
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

-- Numbers of projects and firms are those of a district, as in fct_check_result.
districts as (

    select count(distinct district_code) > 1 as are_several
    from answers

),

final as (

    select
        {{ finding_id(
            "answers",
            "case when districts.are_several and answers.district_code is not null "
            ~ "then answers.district_code || '-' || answers.entity_id else answers.entity_id end",
        ) }} as finding_id,
        answers.check_id,
        answers.district_code,
        answers.entity_type,
        answers.entity_id,
        answers.counterpart_id,
        answers.period,
        answers.anchor_on,
        answers.reporting_unit,
        answers.project_id,
        answers.counterpart_project_id,
        answers.uscc,
        answers.severity,
        effective.effective_severity,
        substr(
            sha256(
                concat_ws(
                    chr(31),
                    answers.severity,
                    array_to_string(
                        list_sort(
                            list_transform(
                                answers.evidence,
                                lambda c: concat_ws(
                                    '|',
                                    struct_extract(c, 'source'),
                                    struct_extract(c, 'column_name'),
                                    struct_extract(c, 'value')
                                )
                            )
                        ),
                        chr(31)
                    ),
                    case
                        when answers.is_population or len(answers.evidence) = 0
                            then
                                concat_ws(
                                    '|',
                                    coalesce(cast(answers.statistic as varchar), ''),
                                    coalesce(cast(answers.observed as varchar), ''),
                                    coalesce(cast(answers.expected as varchar), '')
                                )
                    end
                )
            ), 1, 16
        ) as figures_digest
    from answers
    cross join districts
    left join effective
        on
            answers.check_id = effective.check_id
            and answers.district_code is not distinct from effective.district_code
            and answers.entity_type = effective.entity_type
            and answers.entity_id = effective.entity_id
            and answers.counterpart_id is not distinct from effective.counterpart_id
            and answers.period is not distinct from effective.period
    where answers.outcome = 'fail'

)

select
    finding_id,
    check_id,
    district_code,
    entity_type,
    entity_id,
    counterpart_id,
    period,
    anchor_on,
    reporting_unit,
    project_id,
    counterpart_project_id,
    uscc,
    severity,
    effective_severity,
    figures_digest
from final
