with

projects as (

    select
        district_code,
        project_id,
        entity_id,
        signing_row_no,
        uscc,
        reporting_unit
    from {{ ref('int_check__project') }}

),

ledger as (

    select
        district_code,
        signing_row_no,
        current_stage,
        {{ evidence_cell('signing', 'signing', 'current_stage') }} as stage_cell
    from {{ ref('int_signing__current') }} as signing

),

filings as (

    select
        links.project_id,
        count(*) as filings,
        count(*) filter (where filing.is_withdrawn) as withdrawn_filings,
        max(filing.withdrawn_on) as withdrawn_on,
        list(
            struct_pack(
                source := 'filing',
                file_sha256 := filing.withdrawn_file_sha256,
                sheet := filing.withdrawn_sheet,
                row_number := filing.withdrawn_row_number,
                column_name := 'submission_kind',
                value := '撤销'
            )
            order by filing.withdrawn_on, filing.project_code
        ) filter (where filing.is_withdrawn) as withdrawal_cells
    from {{ ref('int_filing__current') }} as filing
    inner join {{ ref('int_match__project_code') }} as links
        on
            filing.district_code = links.district_code
            and {{ project_code_key("filing.project_code") }} = links.project_code
    group by links.project_id

),

recognitions as (

    select
        projects.project_id,
        recognition.recognition_kind,
        coalesce(recognition.is_withdrawn, false) as is_withdrawn,
        recognition.withdrawn_on,
        {{ evidence_cell('recognition', 'recognition', 'result') }} as result_cell,
        struct_pack(
            source := 'recognition',
            file_sha256 := recognition.withdrawn_file_sha256,
            sheet := recognition.withdrawn_sheet,
            row_number := recognition.withdrawn_row_number,
            column_name := 'result',
            value := '撤销'
        ) as withdrawal_cell
    from {{ ref('int_recognition__current') }} as recognition
    inner join projects
        on
            recognition.district_code = projects.district_code
            and recognition.signing_row_no = projects.signing_row_no
    where recognition.result = '通过' and recognition.recognised_date <= {{ as_of() }}

),

-- A recognition that stands, and the one that was revoked for the stage which the ledger shows.
standing as (

    select
        project_id,
        count(*) filter (where not is_withdrawn) as standing,
        list(result_cell order by recognition_kind) filter (
            where not is_withdrawn
        ) as standing_cells
    from recognitions
    group by project_id

),

revoked as (

    select
        project_id,
        recognition_kind,
        withdrawn_on,
        withdrawal_cell
    from recognitions
    where is_withdrawn and withdrawn_on <= {{ as_of() }}

),

judged as (

    select
        projects.district_code,
        projects.project_id,
        projects.entity_id,
        projects.uscc,
        projects.reporting_unit,
        ledger.current_stage,
        ledger.stage_cell,
        filings.withdrawn_on as filing_withdrawn_on,
        filings.withdrawal_cells,
        standing.standing_cells,
        revoked.withdrawn_on as revoked_on,
        revoked.withdrawal_cell as revocation_cell,
        coalesce(filings.filings = filings.withdrawn_filings, false)
        and filings.withdrawn_on <= {{ as_of() }}
        and (
            coalesce(
                ledger.current_stage in ('开工', '竣工', '投产', '达产', '达效'), false
            )
            or coalesce(standing.standing > 0, false)
        ) as counts_withdrawn_filing,
        revoked.project_id is not null as counts_revoked,
        filings.filings is not null or standing.project_id is not null as is_applicable
    from projects
    left join ledger
        on
            projects.district_code = ledger.district_code
            and projects.signing_row_no = ledger.signing_row_no
    left join filings on projects.project_id = filings.project_id
    left join standing on projects.project_id = standing.project_id
    left join revoked
        on
            projects.project_id = revoked.project_id
            and ledger.current_stage = revoked.recognition_kind

),

final as (

    select
        *,
        'project' as entity_type,
        case
            when not is_applicable then 'na'
            when counts_withdrawn_filing or counts_revoked then 'fail'
            else 'pass'
        end as outcome,
        case when not is_applicable then 'no_filing' end as na_reason,
        case
            when is_applicable and (counts_withdrawn_filing or counts_revoked) then 'block'
        end as severity,
        1 as n_used,
        ['another_filing_stands'] as exemptions_checked,
        case
            when counts_withdrawn_filing
                then list_filter(
                    list_concat(
                        [stage_cell],
                        list_concat(
                            coalesce(standing_cells, {{ no_evidence() }}), withdrawal_cells
                        )
                    ),
                    lambda c: c is not null
                )
            when counts_revoked then [stage_cell, revocation_cell]
            else {{ no_evidence() }}
        end as evidence,
        case
            when counts_withdrawn_filing
                then {{ sentence(
                    '备案已于 {} 全部撤销，台账当前进度仍为「{}」或认定仍为通过',
                    ['filing_withdrawn_on', 'current_stage'],
                ) }}
            else {{ sentence(
                '「{}」认定已于 {} 撤销，台账当前进度仍为「{}」',
                ['current_stage', 'revoked_on', 'current_stage'],
            ) }}
        end as facts_zh,
        case
            when counts_withdrawn_filing
                then {{ sentence(
                    'all filings were withdrawn by {}; the ledger still shows {} or a recognition stands',
                    ['filing_withdrawn_on', 'current_stage'],
                ) }}
            else {{ sentence(
                'the recognition of {} was revoked on {}, the ledger still shows it',
                ['current_stage', 'revoked_on'],
            ) }}
        end as facts_en,
        '撤销后不再计入任何一项转化率的分子' as relation_zh,
        'what is withdrawn counts in no numerator' as relation_en
    from judged

)

{{ check_answer('final') }}
