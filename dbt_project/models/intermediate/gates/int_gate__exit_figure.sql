-- The figures behind the exit rules that failed, with the cells they came from.

with

tests as (

    select
        project_id,
        rule
    from {{ ref('int_gate__exit_test') }}
    where outcome = 'fail'

),

facts as (

    select
        project_id,
        district_code,
        project_code,
        filed_on,
        planned_completion_date,
        filing_file_sha256,
        filing_sheet,
        filing_row_number,
        agreed_start_date,
        agreed_completion_date,
        breach,
        exit_action,
        exit_date,
        agreement_file_sha256,
        agreement_sheet,
        agreement_row_number
    from {{ ref('int_gate__exit_fact') }}

),

projects as (

    select
        project_id,
        signing_date,
        source,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_project') }}

),

permits as (

    select
        project_id,
        construction_permit_date,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_stage__permit') }}

),

filing_rows as (

    select
        district_code,
        {{ project_code_key("project_code") }} as project_code,
        filing_date,
        received_on,
        file_sha256,
        sheet,
        row_number
    from {{ ref('stg_filing') }}

),

starts as (

    select
        project_id,
        started_on,
        source,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_stage__start') }}

),

parcels as (

    select
        project_id,
        agreed_start_date,
        land_started_on,
        land_price,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_gate__exit_parcel') }}
    where idle_kind is not null

),

money as (

    select
        project_id,
        source,
        file_sha256,
        sheet,
        row_number,
        column_name,
        value
    from {{ ref('int_gate__money_figure') }}

),

-- A 变更 never moves the filing date: the first row that states it is the one to show.
dated_filings as (

    select
        facts.project_id,
        facts.filed_on,
        filing_rows.file_sha256,
        filing_rows.sheet,
        filing_rows.row_number
    from facts
    inner join filing_rows
        on
            facts.district_code = filing_rows.district_code
            and facts.project_code = filing_rows.project_code
            and facts.filed_on = filing_rows.filing_date
    qualify row_number() over (
        partition by facts.project_id
        order by
            filing_rows.received_on asc,
            filing_rows.file_sha256 asc,
            filing_rows.sheet asc,
            filing_rows.row_number asc
    ) = 1

),

figures as (

    select
        tests.project_id,
        tests.rule,
        'filing' as source,
        dated_filings.file_sha256,
        dated_filings.sheet,
        dated_filings.row_number,
        struct_pack(
            column_name := 'filing_date', value := cast(dated_filings.filed_on as varchar)
        ) as figure
    from tests
    inner join dated_filings on tests.project_id = dated_filings.project_id
    where tests.rule in ('exit_filing_lapsed', 'exit_not_started')

    union all

    select
        tests.project_id,
        tests.rule,
        starts.source,
        starts.file_sha256,
        starts.sheet,
        starts.row_number,
        struct_pack(
            column_name := 'started_on', value := cast(starts.started_on as varchar)
        ) as figure
    from tests
    inner join starts on tests.project_id = starts.project_id
    where
        tests.rule in ('exit_land_idle', 'exit_investment_behind', 'exit_investment_stalled')

    union all

    select
        tests.project_id,
        tests.rule,
        'filing' as source,
        facts.filing_file_sha256 as file_sha256,
        facts.filing_sheet as sheet,
        facts.filing_row_number as row_number,
        struct_pack(
            column_name := 'planned_completion_date',
            value := cast(facts.planned_completion_date as varchar)
        ) as figure
    from tests
    inner join facts on tests.project_id = facts.project_id
    where
        tests.rule = 'exit_investment_behind'
        and facts.agreed_completion_date is null

    union all

    select
        tests.project_id,
        tests.rule,
        projects.source,
        projects.file_sha256,
        projects.sheet,
        projects.row_number,
        struct_pack(
            column_name := 'signing_date', value := cast(projects.signing_date as varchar)
        ) as figure
    from tests
    inner join facts on tests.project_id = facts.project_id
    inner join projects on tests.project_id = projects.project_id
    where
        tests.rule = 'exit_not_started'
        and facts.filed_on is null

    union all

    select
        tests.project_id,
        tests.rule,
        'agreement' as source,
        facts.agreement_file_sha256 as file_sha256,
        facts.agreement_sheet as sheet,
        facts.agreement_row_number as row_number,
        unnest([
            struct_pack(
                column_name := 'agreed_start_date',
                value := case
                    when tests.rule = 'exit_start_overdue'
                        then cast(facts.agreed_start_date as varchar)
                end
            ),
            struct_pack(
                column_name := 'agreed_completion_date',
                value := case
                    when tests.rule = 'exit_investment_behind'
                        then cast(facts.agreed_completion_date as varchar)
                end
            ),
            struct_pack(
                column_name := 'breach',
                value := case when tests.rule = 'exit_breach' then facts.breach end
            ),
            struct_pack(
                column_name := 'exit_action',
                value := case when tests.rule = 'exit_breach' then facts.exit_action end
            ),
            struct_pack(
                column_name := 'exit_date',
                value := case
                    when tests.rule = 'exit_breach' then cast(facts.exit_date as varchar)
                end
            )
        ]) as figure
    from tests
    inner join facts on tests.project_id = facts.project_id
    where tests.rule in ('exit_start_overdue', 'exit_investment_behind', 'exit_breach')

    union all

    select
        tests.project_id,
        tests.rule,
        'permit' as source,
        permits.file_sha256,
        permits.sheet,
        permits.row_number,
        struct_pack(
            column_name := 'construction_permit_date',
            value := cast(permits.construction_permit_date as varchar)
        ) as figure
    from tests
    inner join permits on tests.project_id = permits.project_id
    where tests.rule = 'exit_permit_void'

    union all

    select
        tests.project_id,
        tests.rule,
        'land' as source,
        parcels.file_sha256,
        parcels.sheet,
        parcels.row_number,
        unnest([
            struct_pack(
                column_name := 'agreed_start_date',
                value := cast(parcels.agreed_start_date as varchar)
            ),
            struct_pack(
                column_name := 'actual_start_date',
                value := cast(parcels.land_started_on as varchar)
            ),
            struct_pack(column_name := 'land_price', value := cast(parcels.land_price as varchar))
        ]) as figure
    from tests
    inner join parcels on tests.project_id = parcels.project_id
    where tests.rule = 'exit_land_idle'

    union all

    select
        tests.project_id,
        tests.rule,
        money.source,
        money.file_sha256,
        money.sheet,
        money.row_number,
        struct_pack(column_name := money.column_name, value := money.value) as figure
    from tests
    inner join money on tests.project_id = money.project_id
    where
        (
            money.source = 'fai'
            and tests.rule in (
                'exit_investment_behind', 'exit_investment_stalled', 'exit_land_idle'
            )
        )
        or (
            money.source = 'filing'
            and tests.rule in ('exit_investment_behind', 'exit_land_idle')
        )

),

final as (

    select
        project_id,
        rule,
        source,
        file_sha256,
        sheet,
        row_number,
        figure.column_name,
        figure.value
    from figures
    where figure.value is not null

)

select
    project_id,
    rule,
    source,
    file_sha256,
    sheet,
    row_number,
    column_name,
    value
from final
