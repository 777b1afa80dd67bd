with

projects as (

    select
        district_code,
        project_id,
        entity_id,
        uscc,
        reporting_unit
    from {{ ref('int_check__project') }}

),

-- Money spent; what was paid in or came back is drawn on no contract.
payments as (

    select
        payment.district_code,
        payment.project_id,
        payment.account_bank,
        payment.flow_no,
        {{ text_key("payment.contract_no") }} as contract_key,
        {{ text_key("payment.invoice_no") }} as invoice_key,
        payment.contract_amount,
        payment.invoice_amount,
        payment.amount,
        payment.purpose,
        coalesce(payment.payer_uscc, {{ company_key("payment.payer") }}) as owner_key,
        payment.contract_no,
        payment.invoice_no,
        payment.payer,
        payment.file_sha256,
        payment.sheet,
        payment.row_number
    from {{ ref('fct_payment') }} as payment
    where
        payment.project_id is not null
        and coalesce(payment.purpose not in ('到位资金', '退回'), true)

),

citations as (

    select
        district_code,
        'contract' as kind,
        contract_key as paper_key,
        project_id,
        amount,
        contract_amount as face
    from payments
    where contract_key is not null

    union all

    select
        district_code,
        'invoice' as kind,
        invoice_key as paper_key,
        project_id,
        amount,
        invoice_amount as face
    from payments
    where invoice_key is not null

),

papers as (

    select
        district_code,
        kind,
        paper_key,
        count(distinct project_id) as projects,
        sum(amount) as amount,
        max(face) as face
    from citations
    group by district_code, kind, paper_key

),

overdrawn as (

    select
        district_code,
        kind,
        paper_key,
        projects,
        amount,
        face,
        cast(amount as double) / cast(face as double) as ratio
    from papers
    where
        projects > 1
        and face > 0
        and amount > face * {{ check_threshold('R13', 'face_factor') }}

),

paper_cells as (

    select
        overdrawn.district_code,
        overdrawn.kind,
        overdrawn.paper_key,
        flatten(list(
            case overdrawn.kind
                when 'contract'
                    then [
                        {{ evidence_cell('payment', 'payments', 'contract_no') }},
                        {{ evidence_cell('payment', 'payments', 'contract_amount') }},
                        {{ evidence_cell('payment', 'payments', 'amount') }},
                    ]
                else [
                    {{ evidence_cell('payment', 'payments', 'invoice_no') }},
                    {{ evidence_cell('payment', 'payments', 'invoice_amount') }},
                    {{ evidence_cell('payment', 'payments', 'amount') }},
                ]
            end
            order by payments.account_bank, payments.flow_no
        )) as cells
    from overdrawn
    inner join payments
        on
            overdrawn.district_code = payments.district_code
            and overdrawn.paper_key = case overdrawn.kind
                when 'contract' then payments.contract_key
                else payments.invoice_key
            end
    group by overdrawn.district_code, overdrawn.kind, overdrawn.paper_key

),

citing as (

    select distinct
        district_code,
        kind,
        paper_key,
        project_id
    from citations

),

-- The worst paper of each project.
shared as (

    select
        citing.project_id,
        overdrawn.kind,
        overdrawn.paper_key,
        overdrawn.projects,
        overdrawn.amount,
        overdrawn.face,
        overdrawn.ratio,
        paper_cells.cells
    from overdrawn
    inner join citing
        on
            overdrawn.district_code = citing.district_code
            and overdrawn.kind = citing.kind
            and overdrawn.paper_key = citing.paper_key
    inner join paper_cells
        on
            overdrawn.district_code = paper_cells.district_code
            and overdrawn.kind = paper_cells.kind
            and overdrawn.paper_key = paper_cells.paper_key
    qualify row_number() over (
        partition by citing.project_id
        order by overdrawn.ratio desc, overdrawn.kind, overdrawn.paper_key
    ) = 1

),

filings as (

    select
        codes.project_id,
        filing.district_code,
        filing.project_code,
        filing.project_name,
        filing.division_code,
        {{ evidence_cell('filing', 'filing', 'project_name') }} as name_cell
    from {{ ref('int_filing__current') }} as filing
    inner join {{ ref('bridge_project_key') }} as codes
        on
            filing.district_code = codes.district_code
            and filing.project_code = codes.key_value
            and codes.key_kind = 'project_code'
    where
        filing.filing_date <= {{ as_of() }}
        and not coalesce(filing.is_withdrawn and filing.withdrawn_on <= {{ as_of() }}, false)

),

-- Every contract that a project shows, with its owner and, where a permit tells it, its town.
contracts as (

    select
        project_id,
        owner_key,
        contract_key,
        cast(null as varchar) as town,
        max(contract_amount) as amount,
        'payment' as source,
        min(row(file_sha256, sheet, row_number)) as place
    from payments
    where
        contract_key is not null
        and contract_amount is not null
        and coalesce(purpose <> '土地', true)
    group by project_id, owner_key, contract_key

    union all

    select
        permit.project_id,
        coalesce(permit.uscc, {{ company_key("permit.company_name") }}) as owner_key,
        permit.construction_permit_no as contract_key,
        max(filings.division_code) as town,
        max(permit.contract_amount) as amount,
        'permit' as source,
        min(row(permit.file_sha256, permit.sheet, permit.row_number)) as place
    from {{ ref('fct_permit') }} as permit
    left join filings
        on
            permit.district_code = filings.district_code
            and permit.project_code = filings.project_code
    where
        permit.project_id is not null
        and permit.contract_amount is not null
        and not permit.is_withdrawn
    group by all

),

parts as (

    select
        project_id,
        'owner' as kind,
        owner_key as part
    from contracts
    where owner_key is not null
    group by project_id, owner_key
    having max(amount) < {{ check_threshold('R13', 'small_contract') }}

    union all

    select
        project_id,
        'town' as kind,
        town as part
    from contracts
    where town is not null
    group by project_id, town
    having max(amount) < {{ check_threshold('R13', 'small_contract') }}

),

bundled as (

    select
        project_id,
        kind,
        count(*) as parts
    from parts
    group by project_id, kind
    having
        count(*) >= case kind
            when 'owner' then {{ check_threshold('R13', 'owners') }}
            else {{ check_threshold('R13', 'towns') }}
        end
    qualify row_number() over (partition by project_id order by count(*) desc, kind) = 1

),

bundle_cells as (

    select
        bundled.project_id,
        list(
            struct_pack(
                source := contracts.source,
                file_sha256 := contracts.place[1],
                sheet := contracts.place[2],
                row_number := contracts.place[3],
                column_name := 'contract_amount',
                value := {{ said("contracts.amount") }}
            )
            order by parts.part, contracts.contract_key
        ) as cells
    from bundled
    inner join parts
        on bundled.project_id = parts.project_id and bundled.kind = parts.kind
    inner join contracts
        on
            parts.project_id = contracts.project_id
            and parts.part = case parts.kind
                when 'owner' then contracts.owner_key
                else contracts.town
            end
    group by bundled.project_id

),

names as (

    select
        project_id,
        project_name,
        {{ evidence_cell('signing', 'project', 'project_name') }} as cell
    from {{ ref('int_project') }} as project
    where is_in_ledger

    union all

    select
        project_id,
        project_name,
        name_cell as cell
    from filings

),

named as (

    select
        project_id,
        arg_min(project_name, (project_name, cell)) as project_name,
        arg_min(cell, (project_name, cell)) as cell
    from names
    where
        regexp_matches(
            {{ text_key("project_name") }}, '打捆|等[一二三四五六七八九十百0-9]+个项目|批次'
        )
    group by project_id

),

papered as (

    select project_id
    from citations

    union

    select project_id
    from contracts

),

measured as (

    select
        projects.district_code,
        projects.project_id,
        projects.entity_id,
        projects.uscc,
        projects.reporting_unit,
        shared.kind as paper_kind,
        shared.paper_key,
        shared.projects as sharing_projects,
        shared.amount,
        shared.face,
        shared.ratio,
        shared.cells as shared_cells,
        bundled.kind as bundle_kind,
        bundled.parts,
        bundle_cells.cells as bundled_cells,
        named.project_name,
        named.cell as name_cell,
        papered.project_id is not null as has_papers,
        case
            when shared.project_id is not null then 'shared'
            when bundled.project_id is not null then 'bundled'
            when named.project_id is not null then 'named'
        end as clause
    from projects
    left join shared on projects.project_id = shared.project_id
    left join bundled on projects.project_id = bundled.project_id
    left join bundle_cells on projects.project_id = bundle_cells.project_id
    left join named on projects.project_id = named.project_id
    left join papered on projects.project_id = papered.project_id

),

final as (

    select
        measured.*,
        'project' as entity_type,
        case
            when clause is not null then 'fail'
            when has_papers then 'pass'
            else 'na'
        end as outcome,
        case when clause is null and not has_papers then 'no_papers' end as na_reason,
        case when clause is not null then 'quarantine' end as severity,
        case
            when clause = 'shared' then ratio
            when clause = 'bundled' then parts
        end as statistic,
        case
            when clause = 'shared' then {{ check_threshold('R13', 'face_factor') }}
            when clause = 'bundled' and bundle_kind = 'owner'
                then {{ check_threshold('R13', 'owners') }}
            when clause = 'bundled' then {{ check_threshold('R13', 'towns') }}
        end as threshold,
        case when clause = 'shared' then amount end as observed,
        case when clause = 'shared' then face end as expected,
        1 as n_used,
        ['framework_contract'] as exemptions_checked,
        case clause
            when 'shared'
                then list_filter(shared_cells, lambda c: c.value is not null)
            when 'bundled' then bundled_cells
            when 'named' then [name_cell]
            else {{ no_evidence() }}
        end as evidence,
        case when paper_kind = 'contract' then '合同' else '发票' end as paper_zh,
        case when bundle_kind = 'owner' then '业主' else '乡镇' end as part_zh,
        bundle_kind || 's' as part_en
    from measured

),

told as (

    select
        *,
        case clause
            when 'shared'
                then {{ sentence(
                    '{}号 {} 用于 {} 个项目，支付合计 {} 万元，票面 {} 万元',
                    ['paper_zh', 'paper_key', 'sharing_projects', 'amount', 'face'],
                ) }}
            when 'bundled'
                then {{ sentence(
                    '项目的合同分属 {} 个{}，每份不足 {} 万元',
                    ['parts', 'part_zh', check_threshold('R13', 'small_contract')],
                ) }}
            when 'named' then {{ sentence('项目名称为“{}”', ['project_name']) }}
        end as facts_zh,
        case clause
            when 'shared'
                then {{ sentence(
                    '{} {} is cited by {} projects that paid {} 万元 in all; its face is {} 万元',
                    ['paper_kind', 'paper_key', 'sharing_projects', 'amount', 'face'],
                ) }}
            when 'bundled'
                then {{ sentence(
                    'the contracts of the project are those of {} {}, each under {} 万元',
                    ['parts', 'part_en', check_threshold('R13', 'small_contract')],
                ) }}
            when 'named' then {{ sentence('the project is named {}', ['project_name']) }}
        end as facts_en,
        case clause
            when 'shared'
                then {{ sentence(
                    '各项目支付合计不超过票面的 {} 倍；实为 {} 倍',
                    [check_threshold('R13', 'face_factor'), "round(ratio, 4)"],
                ) }}
            when 'bundled'
                then {{ sentence('小合同的{}少于 {} 个', ['part_zh', 'cast(threshold as integer)']) }}
            when 'named' then '一个项目一个名称，不打捆、不成批'
        end as relation_zh,
        case clause
            when 'shared'
                then {{ sentence(
                    'the projects pay at most {} times the face; they paid {} times',
                    [check_threshold('R13', 'face_factor'), "round(ratio, 4)"],
                ) }}
            when 'bundled'
                then {{ sentence(
                    'small contracts of fewer than {} {}', ['cast(threshold as integer)', 'part_en'],
                ) }}
            when 'named' then 'one project has one name, not that of a bundle or a batch'
        end as relation_en
    from final

)

{{ check_answer('told') }}
