-- Projects that ask in: in talks, or signed and without an evidenced start. A claimed start lets
-- nobody past the gate; it is shown beside.

with

projects as (

    select
        project_id,
        district_code,
        signing_row_no,
        uscc,
        register_current_stage,
        withdrawn_on
    from {{ ref('int_project') }}
    where is_in_ledger

),

versions as (

    select
        project_id,
        valid_from
    from {{ ref('int_project__version') }}

),

stages as (

    select
        project_id,
        stage_no,
        reading,
        event_date
    from {{ ref('int_stage__reached') }}
    where stands

),

ledger_rows as (

    select
        district_code,
        signing_row_no,
        fixed_asset_investment,
        investment_equipment,
        land_area,
        involves_land,
        leased_floor_area,
        planned_floor_area,
        expected_sales,
        expected_tax,
        energy_tce,
        red_line,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_signing__history') }}
    -- A row that was withdrawn after as_of still asked in: the last one in which it stood.
    qualify row_number() over (
        partition by district_code, signing_row_no
        order by version_no desc
    ) = 1

),

agreements as (

    select
        district_code,
        signing_row_no,
        red_line,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_agreement__history') }}
    qualify row_number() over (
        partition by district_code, signing_row_no
        order by version_no desc
    ) = 1

),

firms as (

    select
        district_code,
        uscc,
        enterprise_status,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_enterprise__current') }}

),

rules as (

    select
        cast(
            cast({{ rule('land_rule', 'leased_far') }} as decimal(10, 4))
            * cast({{ rule('land_rule', 'square_metres_per_mu') }} as decimal(10, 4))
            as decimal(18, 6)
        ) as square_metres_per_leased_mu

),

first_seen as (

    select
        project_id,
        min(valid_from) as first_seen_on
    from versions
    group by project_id

),

stage_dates as (

    select
        project_id,
        max(event_date) filter (where stage_no = 1 and reading = 'claimed') as signed_on,
        max(event_date) filter (where stage_no = 3 and reading = 'claimed') as started_claimed_on,
        max(event_date) filter (where stage_no = 3 and reading = 'evidenced')
            as started_evidenced_on
    from stages
    group by project_id

),

asking as (

    select
        projects.project_id,
        projects.district_code,
        projects.signing_row_no,
        projects.uscc,
        case when stage_dates.signed_on is null then '在谈' else '签约未开工' end as asks_as,
        first_seen.first_seen_on,
        stage_dates.signed_on,
        stage_dates.started_claimed_on
    from projects
    inner join first_seen on projects.project_id = first_seen.project_id
    left join stage_dates on projects.project_id = stage_dates.project_id
    where
        stage_dates.started_evidenced_on is null
        and coalesce(projects.withdrawn_on > {{ as_of() }}, true)
        and coalesce(projects.register_current_stage, '') != '终止'
        -- Talks have no date: they begin with the first ledger that shows them.
        and (stage_dates.signed_on is not null or first_seen.first_seen_on <= {{ as_of() }})

),

final as (

    select
        asking.project_id,
        asking.district_code,
        asking.signing_row_no,
        asking.uscc,
        asking.asks_as,
        asking.first_seen_on,
        asking.signed_on,
        asking.started_claimed_on,
        ledger_rows.fixed_asset_investment,
        ledger_rows.investment_equipment,
        ledger_rows.land_area,
        coalesce(ledger_rows.involves_land, true) as involves_land,
        ledger_rows.leased_floor_area,
        {{ exact_ratio("ledger_rows.leased_floor_area", "rules.square_metres_per_leased_mu") }}
            as leased_mu,
        ledger_rows.planned_floor_area,
        ledger_rows.expected_sales,
        ledger_rows.expected_tax,
        ledger_rows.energy_tce,
        ledger_rows.file_sha256,
        ledger_rows.sheet,
        ledger_rows.row_number,
        nullif(trim(ledger_rows.red_line), '') as signing_red_line,
        nullif(trim(agreements.red_line), '') as agreement_red_line,
        agreements.file_sha256 as agreement_file_sha256,
        agreements.sheet as agreement_sheet,
        agreements.row_number as agreement_row_number,
        firms.enterprise_status,
        firms.file_sha256 as firm_file_sha256,
        firms.sheet as firm_sheet,
        firms.row_number as firm_row_number
    from asking
    cross join rules
    inner join ledger_rows
        on
            asking.district_code = ledger_rows.district_code
            and asking.signing_row_no = ledger_rows.signing_row_no
    left join agreements
        on
            asking.district_code = agreements.district_code
            and asking.signing_row_no = agreements.signing_row_no
    left join firms
        on
            asking.district_code = firms.district_code
            and asking.uscc = firms.uscc

)

select
    project_id,
    district_code,
    signing_row_no,
    uscc,
    asks_as,
    first_seen_on,
    signed_on,
    started_claimed_on,
    fixed_asset_investment,
    investment_equipment,
    land_area,
    involves_land,
    leased_floor_area,
    leased_mu,
    planned_floor_area,
    expected_sales,
    expected_tax,
    energy_tce,
    file_sha256,
    sheet,
    row_number,
    signing_red_line,
    agreement_red_line,
    agreement_file_sha256,
    agreement_sheet,
    agreement_row_number,
    enterprise_status,
    firm_file_sha256,
    firm_sheet,
    firm_row_number
from final
