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

fails as (

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
        severity,
        substr(
            sha256(
                concat_ws(
                    chr(31),
                    severity,
                    array_to_string(
                        list_sort(
                            list_transform(
                                evidence,
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
                        when is_population or len(evidence) = 0
                            then
                                concat_ws(
                                    '|',
                                    coalesce(cast(statistic as varchar), ''),
                                    coalesce(cast(observed as varchar), ''),
                                    coalesce(cast(expected as varchar), '')
                                )
                    end
                )
            ), 1, 16
        ) as figures_digest
    from answers
    where outcome = 'fail'

),

final as (

    select
        {{ finding_id(
            "fails",
            "case when districts.are_several and fails.district_code is not null "
            ~ "then fails.district_code || '-' || fails.entity_id else fails.entity_id end",
        ) }} as finding_id,
        fails.check_id,
        fails.district_code,
        fails.entity_type,
        fails.entity_id,
        fails.counterpart_id,
        fails.period,
        fails.anchor_on,
        fails.reporting_unit,
        fails.project_id,
        fails.counterpart_project_id,
        fails.uscc,
        fails.severity,
        effective.effective_severity,
        fails.figures_digest
    from fails
    cross join districts
    left join effective
        on
            fails.check_id = effective.check_id
            and fails.district_code is not distinct from effective.district_code
            and fails.entity_type = effective.entity_type
            and fails.entity_id = effective.entity_id
            and fails.counterpart_id is not distinct from effective.counterpart_id
            and fails.period is not distinct from effective.period

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
