with

projects as (

    select
        district_code,
        project_id,
        entity_id,
        signing_row_no,
        uscc,
        reporting_unit,
        is_leased,
        approval_path,
        commitment_date,
        planned_investment
    from {{ ref('int_check__project') }}

),

ledger as (

    select
        district_code,
        signing_row_no,
        planned_floor_area
    from {{ ref('int_signing__current') }}

),

documents as (

    select
        project_id,
        started_on,
        start_cell,
        permitted_on,
        permit_contract_amount,
        permit_floor_area,
        permit_cell,
        filed_on,
        filing_cell,
        contracted_on,
        land_cell
    from {{ ref('int_check__start') }}

),

investment as (

    select
        project_id,
        bool_and(is_equipment_only) as is_equipment_only
    from {{ ref('int_check__investment') }}
    group by project_id

),

-- The document that came last; a building without a permit is measured up to as_of. A leased plant
-- needs no land, and a permit only where it has one.
measured as (

    select
        projects.district_code,
        projects.entity_id,
        projects.reporting_unit,
        projects.project_id,
        projects.uscc,
        documents.started_on,
        documents.start_cell,
        documents.permit_cell,
        documents.filing_cell,
        documents.land_cell,
        documents.filed_on,
        documents.permitted_on,
        case when not projects.is_leased then documents.contracted_on end as contracted_on,
        not projects.is_leased and documents.permitted_on is null as lacks_permit,
        greatest(
            documents.filed_on,
            case
                when projects.is_leased then documents.permitted_on
                else coalesce(documents.permitted_on, {{ as_of() }})
            end,
            case when not projects.is_leased then documents.contracted_on end
        ) as complete_on,
        case
            when coalesce(investment.is_equipment_only, false) then 'equipment_only'
            when
                projects.approval_path in ('承诺制', '容缺受理', '拿地即开工', '分阶段')
                and projects.commitment_date <= documents.started_on
                then 'commitment'
            when
                documents.permit_contract_amount
                <= {{ check_threshold('R05', 'small_works_amount') }}
                or documents.permit_floor_area <= {{ check_threshold('R05', 'small_works_area') }}
                or (
                    documents.permitted_on is null
                    and (
                        projects.planned_investment
                        <= {{ check_threshold('R05', 'small_works_amount') }}
                        or ledger.planned_floor_area
                        <= {{ check_threshold('R05', 'small_works_area') }}
                    )
                )
                then 'small_works'
        end as exemption
    from projects
    inner join documents on projects.project_id = documents.project_id
    left join investment on projects.project_id = investment.project_id
    left join ledger
        on
            projects.district_code = ledger.district_code
            and projects.signing_row_no = ledger.signing_row_no

),

judged as (

    select
        *,
        datediff('day', started_on, complete_on) as days_early,
        case
            when started_on is null or complete_on is null then 'na'
            when exemption is not null then 'pass'
            when
                datediff('day', started_on, complete_on) > {{ check_threshold('R05', 'flag_days') }}
                then 'fail'
            else 'pass'
        end as outcome,
        case
            when started_on is null then 'no_start'
            when complete_on is null then 'no_documents'
        end as na_reason,
        case
            when
                datediff('day', started_on, complete_on)
                > {{ check_threshold('R05', 'quarantine_days') }}
                then 'quarantine'
            else 'flag'
        end as severity
    from measured

),

final as (

    select
        * exclude (severity),
        'project' as entity_type,
        case when outcome = 'fail' then severity end as severity,
        days_early as statistic,
        case severity
            when 'quarantine' then {{ check_threshold('R05', 'quarantine_days') }}
            else {{ check_threshold('R05', 'flag_days') }}
        end as threshold,
        days_early as observed,
        0 as expected,
        1 as n_used,
        [
            'equipment_only', 'commitment', 'small_works', 'leased_plant',
        ] as exemptions_checked,
        case
            when outcome = 'fail'
                then list_filter(
                    [start_cell, filing_cell, permit_cell, land_cell],
                    lambda c: c is not null
                )
            else {{ no_evidence() }}
        end as evidence,
        case
            when lacks_permit
                then {{ sentence(
                    '{} 已开工，备案 {}，用地合同 {}，至 {} 没有施工许可',
                    ['started_on', 'filed_on', 'contracted_on', as_of()],
                ) }}
            else {{ sentence(
                '{} 已开工，备案 {}，用地合同 {}，首个施工许可 {}',
                ['started_on', 'filed_on', 'contracted_on', 'permitted_on'],
            ) }}
        end as facts_zh,
        case
            when lacks_permit
                then {{ sentence(
                    'started {}, filed {}, land contract {}, no construction permit by {}',
                    ['started_on', 'filed_on', 'contracted_on', as_of()],
                ) }}
            else {{ sentence(
                'started {}, filed {}, land contract {}, first construction permit {}',
                ['started_on', 'filed_on', 'contracted_on', 'permitted_on'],
            ) }}
        end as facts_en,
        {{ sentence(
            '开工不早于手续齐备之日 {}；早 {} 天', ['complete_on', 'days_early'],
        ) }} as relation_zh,
        {{ sentence(
            'the start is not before all documents stand, {}; it is {} days early',
            ['complete_on', 'days_early'],
        ) }} as relation_en
    from judged

)

{{ check_answer('final') }}
