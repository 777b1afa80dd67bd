-- Every pair of departments that states one measure of a project: the widest pair answers
-- (checks.md R37; counterpart_id names the measure).

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

measures as (

    select
        listed.measure,
        listed.kind,
        listed.measure_zh,
        listed.measure_en
    from (
        values
        ('investment', 'money', '总投资（万元）', 'total investment'),
        ('fixed_assets', 'money', '固定资产投资（万元）', 'fixed asset investment'),
        ('equipment', 'money', '设备投资（万元）', 'investment in equipment'),
        ('actual_investment', 'money', '实际完成投资（万元）', 'investment completed'),
        ('land_area', 'area', '用地面积（亩）', 'land in mu'),
        ('leased_floor_area', 'area', '租用厂房面积（平方米）', 'leased floor'),
        ('filing_date', 'date', '备案日期', 'day of the filing'),
        ('start_date', 'date', '实际开工日期', 'day of the start'),
        ('completion_date', 'date', '实际竣工日期', 'day of the completion')
    ) as listed (measure, kind, measure_zh, measure_en)

),

ledger as (

    select
        projects.project_id,
        signing.signed_investment,
        signing.fixed_asset_investment,
        signing.investment_equipment,
        signing.land_area,
        signing.leased_floor_area,
        signing.filing_date,
        signing.file_sha256,
        signing.sheet,
        signing.row_number
    from {{ ref('int_signing__current') }} as signing
    inner join projects
        on
            signing.district_code = projects.district_code
            and signing.signing_row_no = projects.signing_row_no

),

agreements as (

    select
        projects.project_id,
        agreement.agreed_investment,
        agreement.agreed_equipment,
        agreement.agreed_land_area,
        agreement.file_sha256,
        agreement.sheet,
        agreement.row_number
    from {{ ref('int_agreement__current') }} as agreement
    inner join projects
        on
            agreement.district_code = projects.district_code
            and agreement.signing_row_no = projects.signing_row_no

),

completions as (

    select
        projects.project_id,
        completion.actual_investment,
        completion.actual_land_area,
        completion.leased_floor_area,
        completion.file_sha256,
        completion.sheet,
        completion.row_number
    from {{ ref('int_completion__current') }} as completion
    inner join projects
        on
            completion.district_code = projects.district_code
            and completion.signing_row_no = projects.signing_row_no

),

recognitions as (

    select
        projects.project_id,
        recognition.recognition_kind,
        recognition.actual_date,
        recognition.actual_investment,
        recognition.file_sha256,
        recognition.sheet,
        recognition.row_number
    from {{ ref('int_recognition__current') }} as recognition
    inner join projects
        on
            recognition.district_code = projects.district_code
            and recognition.signing_row_no = projects.signing_row_no
    where
        recognition.recognition_kind in ('开工', '竣工')
        and recognition.result = '通过'
        and recognition.actual_date <= {{ as_of() }}
        and recognition.recognised_date <= {{ as_of() }}

),

filings as (

    select
        links.project_id,
        filing.project_code,
        filing.project_name,
        filing.filing_date,
        filing.planned_investment,
        filing.fixed_asset_investment,
        filing.land_area,
        filing.file_sha256,
        filing.sheet,
        filing.row_number
    from {{ ref('int_filing__current') }} as filing
    inner join {{ ref('int_match__project_code') }} as links
        on
            filing.district_code = links.district_code
            and {{ project_code_key("filing.project_code") }} = links.project_code
    where
        not filing.is_withdrawn
        and links.project_id is not null
        and filing.filing_date <= {{ as_of() }}

),

filing_counts as (

    select
        project_id,
        count(*) as filings,
        bool_or(regexp_matches(project_name, '[一二三四五六七八九十0-9]期')) as is_phased
    from filings
    group by project_id

),

-- One filing states the whole project.
single_filings as (

    select
        filings.project_id,
        filings.planned_investment,
        filings.fixed_asset_investment,
        filings.land_area,
        filings.file_sha256,
        filings.sheet,
        filings.row_number
    from filings
    inner join filing_counts on filings.project_id = filing_counts.project_id
    where filing_counts.filings = 1

),

lands as (

    select
        project_id,
        land_supervision_no,
        land_area,
        started_on,
        completed_on,
        file_sha256,
        sheet,
        row_number
    from {{ ref('fct_land') }}
    where project_id is not null

),

land_counts as (

    select
        project_id,
        count(*) as parcels
    from lands
    group by project_id

),

-- A parcel for each filing: none is still to come.
has_all_land as (

    select land_counts.project_id
    from land_counts
    inner join filing_counts on land_counts.project_id = filing_counts.project_id
    where land_counts.parcels = filing_counts.filings

),

acceptances as (

    select
        project_id,
        acceptance_record_no,
        started_on,
        accepted_on,
        file_sha256,
        sheet,
        row_number
    from {{ ref('fct_acceptance') }}
    where project_id is not null

),

stated as (

    select
        project_id,
        'investment' as measure,
        'signing' as source,
        '签约台账' as source_zh,
        cast(signed_investment as decimal(24, 4)) as number,
        {{ said('cast(signed_investment as decimal(24, 4))') }} as said,
        [{{ evidence_cell('signing', 'ledger', 'signed_investment') }}] as cells
    from ledger
    where signed_investment > 0

    union all

    select
        project_id,
        'investment' as measure,
        'filing' as source,
        '备案' as source_zh,
        cast(planned_investment as decimal(24, 4)) as number,
        {{ said('cast(planned_investment as decimal(24, 4))') }} as said,
        [{{ evidence_cell('filing', 'single_filings', 'planned_investment') }}] as cells
    from single_filings
    where planned_investment > 0

    union all

    select
        project_id,
        'investment' as measure,
        'agreement' as source,
        '履约协议' as source_zh,
        cast(agreed_investment as decimal(24, 4)) as number,
        {{ said('cast(agreed_investment as decimal(24, 4))') }} as said,
        [{{ evidence_cell('agreement', 'agreements', 'agreed_investment') }}] as cells
    from agreements
    where agreed_investment > 0

    union all

    select
        project_id,
        'fixed_assets' as measure,
        'signing' as source,
        '签约台账' as source_zh,
        cast(fixed_asset_investment as decimal(24, 4)) as number,
        {{ said('cast(fixed_asset_investment as decimal(24, 4))') }} as said,
        [{{ evidence_cell('signing', 'ledger', 'fixed_asset_investment') }}] as cells
    from ledger
    where fixed_asset_investment > 0

    union all

    select
        project_id,
        'fixed_assets' as measure,
        'filing' as source,
        '备案' as source_zh,
        cast(fixed_asset_investment as decimal(24, 4)) as number,
        {{ said('cast(fixed_asset_investment as decimal(24, 4))') }} as said,
        [{{ evidence_cell('filing', 'single_filings', 'fixed_asset_investment') }}] as cells
    from single_filings
    where fixed_asset_investment > 0

    union all

    select
        project_id,
        'equipment' as measure,
        'signing' as source,
        '签约台账' as source_zh,
        cast(investment_equipment as decimal(24, 4)) as number,
        {{ said('cast(investment_equipment as decimal(24, 4))') }} as said,
        [{{ evidence_cell('signing', 'ledger', 'investment_equipment') }}] as cells
    from ledger
    where investment_equipment > 0

    union all

    select
        project_id,
        'equipment' as measure,
        'agreement' as source,
        '履约协议' as source_zh,
        cast(agreed_equipment as decimal(24, 4)) as number,
        {{ said('cast(agreed_equipment as decimal(24, 4))') }} as said,
        [{{ evidence_cell('agreement', 'agreements', 'agreed_equipment') }}] as cells
    from agreements
    where agreed_equipment > 0

    union all

    select
        project_id,
        'actual_investment' as measure,
        'recognition' as source,
        '认定结果' as source_zh,
        cast(actual_investment as decimal(24, 4)) as number,
        {{ said('cast(actual_investment as decimal(24, 4))') }} as said,
        [{{ evidence_cell('recognition', 'recognitions', 'actual_investment') }}] as cells
    from recognitions
    where recognition_kind = '竣工' and actual_investment > 0

    union all

    select
        project_id,
        'actual_investment' as measure,
        'completion' as source,
        '项目总表' as source_zh,
        cast(actual_investment as decimal(24, 4)) as number,
        {{ said('cast(actual_investment as decimal(24, 4))') }} as said,
        [{{ evidence_cell('completion', 'completions', 'actual_investment') }}] as cells
    from completions
    where actual_investment > 0

    union all

    select
        project_id,
        'land_area' as measure,
        'signing' as source,
        '签约台账' as source_zh,
        cast(land_area as decimal(24, 4)) as number,
        {{ said('cast(land_area as decimal(24, 4))') }} as said,
        [{{ evidence_cell('signing', 'ledger', 'land_area') }}] as cells
    from ledger
    where land_area > 0

    union all

    select
        project_id,
        'land_area' as measure,
        'filing' as source,
        '备案' as source_zh,
        cast(land_area as decimal(24, 4)) as number,
        {{ said('cast(land_area as decimal(24, 4))') }} as said,
        [{{ evidence_cell('filing', 'single_filings', 'land_area') }}] as cells
    from single_filings
    where land_area > 0

    union all

    select
        project_id,
        'land_area' as measure,
        'agreement' as source,
        '履约协议' as source_zh,
        cast(agreed_land_area as decimal(24, 4)) as number,
        {{ said('cast(agreed_land_area as decimal(24, 4))') }} as said,
        [{{ evidence_cell('agreement', 'agreements', 'agreed_land_area') }}] as cells
    from agreements
    where agreed_land_area > 0

    union all

    select
        project_id,
        'land_area' as measure,
        'land' as source,
        '土地供应结果' as source_zh,
        cast(sum(land_area) as decimal(24, 4)) as number,
        {{ said('cast(sum(land_area) as decimal(24, 4))') }} as said,
        list({{ evidence_cell('land', 'lands', 'land_area') }} order by land_supervision_no)
            as cells
    from lands
    where land_area > 0 and project_id in (select has_all_land.project_id from has_all_land)
    group by project_id

    union all

    select
        project_id,
        'land_area' as measure,
        'completion' as source,
        '项目总表' as source_zh,
        cast(actual_land_area as decimal(24, 4)) as number,
        {{ said('actual_land_area') }} as said,
        [{{ evidence_cell('completion', 'completions', 'actual_land_area') }}] as cells
    from completions
    where actual_land_area > 0 and project_id in (select has_all_land.project_id from has_all_land)

    union all

    select
        project_id,
        'leased_floor_area' as measure,
        'signing' as source,
        '签约台账' as source_zh,
        cast(leased_floor_area as decimal(24, 4)) as number,
        {{ said('leased_floor_area') }} as said,
        [{{ evidence_cell('signing', 'ledger', 'leased_floor_area') }}] as cells
    from ledger
    where leased_floor_area > 0

    union all

    select
        project_id,
        'leased_floor_area' as measure,
        'completion' as source,
        '项目总表' as source_zh,
        cast(leased_floor_area as decimal(24, 4)) as number,
        {{ said('leased_floor_area') }} as said,
        [{{ evidence_cell('completion', 'completions', 'leased_floor_area') }}] as cells
    from completions
    where leased_floor_area > 0

    union all

    select
        project_id,
        'filing_date' as measure,
        'signing' as source,
        '签约台账' as source_zh,
        cast(datediff('day', date '1990-01-01', filing_date) as decimal(24, 4)) as number,
        cast(filing_date as varchar) as said,
        [{{ evidence_cell('signing', 'ledger', 'filing_date', 'ledger.filing_date') }}] as cells
    from ledger
    where filing_date <= {{ as_of() }}

    union all

    select
        project_id,
        'filing_date' as measure,
        'filing' as source,
        '备案' as source_zh,
        cast(datediff('day', date '1990-01-01', min(filing_date)) as decimal(24, 4)) as number,
        cast(min(filing_date) as varchar) as said,
        [
            arg_min(
                {{ evidence_cell('filing', 'filings', 'filing_date') }},
                row(filing_date, project_code)
            )
        ]
            as cells
    from filings
    where filing_date <= {{ as_of() }}
    group by project_id

    union all

    select
        project_id,
        'start_date' as measure,
        'recognition' as source,
        '认定结果' as source_zh,
        cast(datediff('day', date '1990-01-01', actual_date) as decimal(24, 4)) as number,
        cast(actual_date as varchar) as said,
        [{{ evidence_cell('recognition', 'recognitions', 'actual_date') }}] as cells
    from recognitions
    where recognition_kind = '开工' and actual_date <= {{ as_of() }}

    union all

    select
        project_id,
        'start_date' as measure,
        'acceptance' as source,
        '竣工验收备案' as source_zh,
        cast(datediff('day', date '1990-01-01', min(started_on)) as decimal(24, 4)) as number,
        cast(min(started_on) as varchar) as said,
        [
            arg_min(
                {{ evidence_cell(
                    'acceptance', 'acceptances', 'actual_start_date', 'acceptances.started_on',
                ) }},
                row(started_on, acceptance_record_no)
            )
        ]
            as cells
    from acceptances
    where started_on <= {{ as_of() }}
    group by project_id

    union all

    select
        project_id,
        'start_date' as measure,
        'land' as source,
        '土地供应结果' as source_zh,
        cast(datediff('day', date '1990-01-01', min(started_on)) as decimal(24, 4)) as number,
        cast(min(started_on) as varchar) as said,
        [
            arg_min(
                {{ evidence_cell(
                    'land', 'lands', 'actual_start_date', 'lands.started_on',
                ) }},
                row(started_on, land_supervision_no)
            )
        ]
            as cells
    from lands
    where started_on <= {{ as_of() }}
    group by project_id

    union all

    select
        project_id,
        'completion_date' as measure,
        'recognition' as source,
        '认定结果' as source_zh,
        cast(datediff('day', date '1990-01-01', actual_date) as decimal(24, 4)) as number,
        cast(actual_date as varchar) as said,
        [{{ evidence_cell('recognition', 'recognitions', 'actual_date') }}] as cells
    from recognitions
    where recognition_kind = '竣工' and actual_date <= {{ as_of() }}

    union all

    select
        project_id,
        'completion_date' as measure,
        'acceptance' as source,
        '竣工验收备案' as source_zh,
        cast(datediff('day', date '1990-01-01', max(accepted_on)) as decimal(24, 4)) as number,
        cast(max(accepted_on) as varchar) as said,
        [
            arg_max(
                {{ evidence_cell(
                    'acceptance', 'acceptances', 'actual_completion_date',
                    'acceptances.accepted_on',
                ) }},
                row(accepted_on, acceptance_record_no)
            )
        ]
            as cells
    from acceptances
    where accepted_on <= {{ as_of() }}
    group by project_id

    union all

    select
        project_id,
        'completion_date' as measure,
        'land' as source,
        '土地供应结果' as source_zh,
        cast(datediff('day', date '1990-01-01', max(completed_on)) as decimal(24, 4)) as number,
        cast(max(completed_on) as varchar) as said,
        [
            arg_max(
                {{ evidence_cell(
                    'land', 'lands', 'actual_completion_date', 'lands.completed_on',
                ) }},
                row(completed_on, land_supervision_no)
            )
        ]
            as cells
    from lands
    where completed_on <= {{ as_of() }}
    group by project_id

),

-- A change on record: the filing was amended or corrected, or the ledger has shown another amount.
amended as (

    select distinct links.project_id
    from {{ ref('stg_filing') }} as filing
    inner join {{ ref('int_match__project_code') }} as links
        on
            filing.district_code = links.district_code
            and {{ project_code_key("filing.project_code") }} = links.project_code
    where filing.submission_kind in ('变更', '更正') and links.project_id is not null

),

restated as (

    select projects.project_id
    from {{ ref('int_signing__history') }} as signing
    inner join projects
        on
            signing.district_code = projects.district_code
            and signing.signing_row_no = projects.signing_row_no
    group by projects.project_id
    having count(distinct signing.signed_investment) > 1

),

-- A phase that was filed once, even if it was withdrawn since.
phased as (

    select links.project_id
    from {{ ref('int_filing__current') }} as filing
    inner join {{ ref('int_match__project_code') }} as links
        on
            filing.district_code = links.district_code
            and {{ project_code_key("filing.project_code") }} = links.project_code
    where links.project_id is not null
    group by links.project_id
    having
        count(distinct links.project_code) > 1
        or bool_or(regexp_matches(filing.project_name, '[一二三四五六七八九十0-9]期'))

),

-- What has been invested since a completion was recognised: a later register holds it too.
invested_since as (

    select
        recognitions.project_id,
        sum(abs(investment.investment_month)) as amount
    from recognitions
    inner join {{ ref('int_check__investment') }} as investment
        on
            recognitions.project_id = investment.project_id
            and date_trunc('month', recognitions.actual_date) <= investment.stat_period
    where recognitions.recognition_kind = '竣工'
    group by recognitions.project_id

),

widest as (

    select
        project_id,
        measure,
        count(*) as departments,
        min(number) as least,
        max(number) as most,
        arg_min(source_zh, row(number, source_zh)) as least_zh,
        arg_max(source_zh, row(number, source_zh)) as most_zh,
        arg_min(source, row(number, source_zh)) as least_en,
        arg_max(source, row(number, source_zh)) as most_en,
        arg_min(said, row(number, source_zh)) as least_said,
        arg_max(said, row(number, source_zh)) as most_said,
        arg_min(cells, row(number, source_zh)) as least_cells,
        arg_max(cells, row(number, source_zh)) as most_cells
    from stated
    group by project_id, measure

),

measured as (

    select
        projects.district_code,
        projects.project_id,
        projects.entity_id,
        projects.uscc,
        projects.reporting_unit,
        measures.measure as counterpart_id,
        measures.kind,
        measures.measure_zh,
        measures.measure_en,
        widest.departments,
        widest.least,
        widest.most,
        widest.least_zh,
        widest.most_zh,
        widest.least_en,
        widest.most_en,
        widest.least_said,
        widest.most_said,
        widest.least_cells,
        widest.most_cells,
        case
            when measures.kind = 'date' then widest.most - widest.least
            else (widest.most - widest.least) / widest.least
        end as gap,
        case measures.kind
            when 'date' then {{ check_threshold('R37', 'date_days') }}
            when 'area' then {{ check_threshold('R37', 'area_share') }}
            else {{ check_threshold('R37', 'money_share') }}
        end as threshold,
        case
            when
                measures.measure in ('investment', 'fixed_assets', 'filing_date')
                and amended.project_id is not null
                then 'recorded_change'
            when
                measures.measure in ('investment', 'fixed_assets')
                and restated.project_id is not null
                then 'recorded_change'
            when
                measures.measure in ('investment', 'fixed_assets', 'land_area', 'filing_date')
                and phased.project_id is not null
                then 'phases'
            when
                measures.measure = 'actual_investment'
                and widest.most - widest.least - coalesce(invested_since.amount, 0)
                <= widest.least * {{ check_threshold('R37', 'money_share') }}
                then 'invested_since'
            when
                measures.kind = 'area'
                and widest.most - widest.least <= {{ check_threshold('R37', 'area_least') }}
                then 'rounding'
        end as exemption
    from projects
    cross join measures
    left join widest
        on projects.project_id = widest.project_id and measures.measure = widest.measure
    left join amended on projects.project_id = amended.project_id
    left join restated on projects.project_id = restated.project_id
    left join phased on projects.project_id = phased.project_id
    left join invested_since on projects.project_id = invested_since.project_id

),

judged as (

    select
        *,
        case
            when coalesce(departments, 0) < 2 then 'na'
            when exemption is not null then 'pass'
            when {{ significant('gap') }} > threshold then 'fail'
            else 'pass'
        end as outcome,
        case when coalesce(departments, 0) < 2 then 'one_department' end as na_reason
    from measured

),

final as (

    select
        * exclude (threshold),
        'project' as entity_type,
        case when outcome = 'fail' then 'flag' end as severity,
        gap as statistic,
        threshold,
        case when kind <> 'date' then most end as observed,
        case when kind <> 'date' then least end as expected,
        departments as n_used,
        [
            'recorded_change', 'phases', 'land_to_come', 'invested_since', 'rounding',
        ] as exemptions_checked,
        case
            when outcome = 'fail' then list_concat(most_cells, least_cells)
            else {{ no_evidence() }}
        end as evidence,
        {{ sentence(
            '{}：{} {}，{} {}',
            ['measure_zh', 'most_zh', 'most_said', 'least_zh', 'least_said'],
        ) }} as facts_zh,
        {{ sentence(
            '{}: {} says {}, {} says {}',
            ['measure_en', 'most_en', 'most_said', 'least_en', 'least_said'],
        ) }} as facts_en,
        case
            when kind = 'date'
                then {{ sentence(
                    '两个部门的日期相差不超过 {} 天；相差 {} 天', ['threshold', 'gap'],
                ) }}
            else {{ sentence(
                '两个部门的数相差不超过小者的 {}；相差 {}', ['threshold', 'most - least'],
            ) }}
        end as relation_zh,
        case
            when kind = 'date'
                then {{ sentence(
                    'days of two departments are within {} days; {} apart', ['threshold', 'gap'],
                ) }}
            else {{ sentence(
                'figures of two departments are within {} of the smaller; {} apart',
                ['threshold', 'most - least'],
            ) }}
        end as relation_en
    from judged

)

{{ check_answer('final') }}
