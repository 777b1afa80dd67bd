-- What a fund has put into a project, and what became of the project. A row without a project is a
-- commitment of the fund itself.

with

funds as (

    select
        district_code,
        fund_no,
        fund_name,
        chain,
        signing_row_no,
        committed,
        invested,
        invested_date,
        exited,
        reinvested_locally,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_fund__current') }}

),

projects as (

    select
        project_id,
        district_code,
        signing_row_no,
        uscc,
        project_name,
        company_name,
        signed_investment
    from {{ ref('int_project') }}
    where signing_row_no is not null

),

stages as (

    select
        project_id,
        filed_claimed_on,
        filed_evidenced_on,
        started_claimed_on,
        started_evidenced_on,
        produced_claimed_on,
        produced_evidenced_on,
        on_target_claimed_on,
        on_target_evidenced_on,
        is_held_back,
        withdrawn_on,
        investment_cum
    from {{ ref('fct_project_funnel') }}

),

-- Money that was drawn, left or came back after as_of is not known to have moved by then.
final as (

    select
        funds.district_code,
        funds.fund_no,
        coalesce(funds.signing_row_no, '') as signing_row_no,
        funds.fund_name,
        funds.chain,
        case when funds.signing_row_no is null then 'fund' else 'project' end as commitment_kind,
        projects.project_id,
        projects.project_name,
        projects.uscc,
        projects.company_name,
        cast(funds.committed as decimal(20, 4)) as committed,
        case
            when coalesce(funds.invested_date, {{ as_of() }}) <= {{ as_of() }}
                then cast(funds.invested as decimal(20, 4))
        end as drawn,
        case when funds.invested_date <= {{ as_of() }} then funds.invested_date end as drawn_on,
        case
            when coalesce(funds.invested_date, {{ as_of() }}) <= {{ as_of() }}
                then cast(funds.exited as decimal(20, 4))
        end as exited,
        case
            when coalesce(funds.invested_date, {{ as_of() }}) <= {{ as_of() }}
                then cast(funds.reinvested_locally as decimal(20, 4))
        end as reinvested_locally,
        case
            when coalesce(funds.invested_date, {{ as_of() }}) <= {{ as_of() }}
                then {{ exact_ratio("funds.invested", "funds.committed") }}
        end as drawn_share,
        case
            when coalesce(funds.invested_date, {{ as_of() }}) <= {{ as_of() }}
                then {{ exact_ratio("funds.reinvested_locally", "funds.invested") }}
        end as reinvested_share,
        projects.signed_investment,
        stages.investment_cum,
        case
            when funds.signing_row_no is null then null
            when projects.project_id is null then '未找到项目'
            when stages.withdrawn_on is not null then '退出'
            when stages.on_target_evidenced_on is not null then '达效'
            when stages.produced_evidenced_on is not null then '投产'
            when stages.started_evidenced_on is not null then '开工'
            when stages.filed_evidenced_on is not null then '备案'
            else '签约'
        end as result_evidenced,
        stages.is_held_back,
        case
            when funds.signing_row_no is null then null
            when projects.project_id is null then '未找到项目'
            when stages.withdrawn_on is not null then '退出'
            when stages.on_target_claimed_on is not null then '达效'
            when stages.produced_claimed_on is not null then '投产'
            when stages.started_claimed_on is not null then '开工'
            when stages.filed_claimed_on is not null then '备案'
            else '签约'
        end as result_claimed,
        'fund' as source,
        funds.file_sha256,
        funds.sheet,
        funds.row_number,
        {{ as_of() }} as as_of,
        {{ known_on() }} as known_on
    from funds
    left join projects
        on
            funds.district_code = projects.district_code
            and funds.signing_row_no = projects.signing_row_no
    left join stages on projects.project_id = stages.project_id

)

select
    district_code,
    fund_no,
    signing_row_no,
    fund_name,
    chain,
    commitment_kind,
    project_id,
    project_name,
    uscc,
    company_name,
    committed,
    drawn,
    drawn_on,
    exited,
    reinvested_locally,
    drawn_share,
    reinvested_share,
    signed_investment,
    investment_cum,
    result_evidenced,
    is_held_back,
    result_claimed,
    source,
    file_sha256,
    sheet,
    row_number,
    as_of,
    known_on
from final
