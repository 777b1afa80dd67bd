with

projects as (

    select
        district_code,
        project_id,
        entity_id,
        reporting_unit
    from {{ ref('int_check__project') }}

),

codes as (

    select
        district_code,
        key_value as project_code,
        project_id
    from {{ ref('bridge_project_key') }}
    where key_kind = 'project_code'

),

standing as (

    select
        district_code,
        project_code,
        filing_date,
        {{ text_key("parcel_no") }} as parcel_key,
        {{ text_key("site_address") }} as address_key
    from {{ ref('int_filing__current') }}
    where
        filing_date <= {{ as_of() }}
        and not coalesce(is_withdrawn and withdrawn_on <= {{ as_of() }}, false)

),

-- What was asked for, before any amendment.
first_statements as (

    select
        district_code,
        {{ project_code_key("project_code") }} as project_code,
        uscc,
        project_name,
        planned_investment,
        {{ evidence_cell('filing', 'filing', 'planned_investment') }} as planned_cell,
        {{ evidence_cell('filing', 'filing', 'filing_date') }} as date_cell
    from {{ ref('stg_filing') }} as filing
    where planned_investment is not null
    qualify row_number() over (
        partition by district_code, {{ project_code_key("project_code") }}
        order by received_on, {{ kind_rank("submission_kind") }}, file_name, sheet, row_number
    ) = 1

),

steps as (

    select {{ check_threshold('R43', 'small_step') }} as amount

    union all

    select {{ check_threshold('R43', 'middle_step') }} as amount

    union all

    select {{ check_threshold('R43', 'large_step') }} as amount

),

filings as (

    select
        standing.district_code,
        standing.project_code,
        standing.filing_date,
        standing.parcel_key,
        standing.address_key,
        first_statements.uscc,
        first_statements.project_name,
        first_statements.planned_investment,
        first_statements.planned_cell,
        first_statements.date_cell,
        {{ phase_tokens(text_key("first_statements.project_name")) }} as phases,
        (
            select min(abs(first_statements.planned_investment / step.amount - 1))
            from steps as step
        ) as distance,
        projects.project_id,
        projects.entity_id,
        projects.reporting_unit
    from standing
    inner join first_statements
        on
            standing.district_code = first_statements.district_code
            and standing.project_code = first_statements.project_code
    inner join codes
        on
            standing.district_code = codes.district_code
            and standing.project_code = codes.project_code
    inner join projects on codes.project_id = projects.project_id

),

-- One firm within so many days; a place that nobody told is null.
pairs as (

    select
        one.district_code,
        one.project_id,
        one.entity_id,
        one.reporting_unit,
        one.uscc,
        one.project_code,
        one.filing_date,
        one.planned_investment,
        one.phases,
        one.planned_cell,
        one.date_cell,
        other.project_id as counterpart_project_id,
        other.entity_id as counterpart_id,
        other.project_code as counterpart_code,
        other.filing_date as counterpart_filing_date,
        other.planned_investment as counterpart_planned,
        other.phases as counterpart_phases,
        other.planned_cell as counterpart_planned_cell,
        other.date_cell as counterpart_date_cell,
        {{ significant("greatest(one.distance, other.distance)") }} as distance,
        coalesce(
            case
                when one.parcel_key is not null and other.parcel_key is not null
                    then one.parcel_key = other.parcel_key
            end,
            one.address_key = other.address_key
        ) as is_same_place
    from filings as one
    inner join filings as other
        on
            one.district_code = other.district_code
            and one.uscc = other.uscc
            and one.entity_id < other.entity_id
            and abs(datediff('day', one.filing_date, other.filing_date))
            <= {{ check_threshold('R43', 'days') }}

),

judged as (

    select
        *,
        abs(datediff('day', filing_date, counterpart_filing_date)) as days_apart,
        case
            when is_same_place is null then 'na'
            when
                not is_same_place or distance > {{ check_threshold('R43', 'near_share') }}
                then 'pass'
            when len(phases) > 0 and len(counterpart_phases) > 0 and phases <> counterpart_phases
                then 'na'
            else 'fail'
        end as outcome,
        case
            when is_same_place is null then 'no_place'
            when
                is_same_place
                and distance <= {{ check_threshold('R43', 'near_share') }}
                and len(phases) > 0
                and len(counterpart_phases) > 0
                and phases <> counterpart_phases
                then 'phases'
        end as na_reason
    from pairs

),

-- Of several codes of one pair of projects the two that lie closest to a step.
worst as (

    select *
    from judged
    qualify row_number() over (
        partition by district_code, project_id, counterpart_project_id
        order by
            case outcome when 'fail' then 0 when 'pass' then 1 else 2 end,
            distance,
            days_apart,
            project_code,
            counterpart_code
    ) = 1

),

final as (

    select
        *,
        'project' as entity_type,
        case when outcome = 'fail' then 'flag' end as severity,
        distance as statistic,
        {{ check_threshold('R43', 'near_share') }} as threshold,
        2 as n_used,
        ['phases'] as exemptions_checked,
        case
            when outcome = 'fail'
                then [planned_cell, date_cell, counterpart_planned_cell, counterpart_date_cell]
            else {{ no_evidence() }}
        end as evidence,
        {{ sentence(
            '{} 备案 {} 万元（{}），相隔 {} 天在同一地点备案 {} 万元（{}）',
            [
                'filing_date', 'planned_investment', 'project_code', 'days_apart',
                'counterpart_planned', 'counterpart_code',
            ],
        ) }} as facts_zh,
        {{ sentence(
            'filed {}: {} 万元 ({}); {} days apart, at the same place, {} 万元 ({})',
            [
                'filing_date', 'planned_investment', 'project_code', 'days_apart',
                'counterpart_planned', 'counterpart_code',
            ],
        ) }} as facts_en,
        {{ sentence(
            '同址九十天内的备案不都紧贴分级线；两者距线不超过 {}', ['distance'],
        ) }} as relation_zh,
        {{ sentence(
            'filings at one place do not all lie close to a step; both are within {}', ['distance'],
        ) }} as relation_en
    from worst

)

{{ check_answer('final') }}
