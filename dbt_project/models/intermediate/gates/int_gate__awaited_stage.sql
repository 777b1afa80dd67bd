-- The stages that a project waits for: not evidenced, while the one before is. Since when, agreed
-- for when, how long peers took, what is missing.

with

projects as (

    select
        project_id,
        district_code,
        signing_row_no,
        uscc,
        coalesce(size_band, '未知') as size_band,
        coalesce(is_leased, false) as is_leased,
        coalesce(has_parcel, false) as has_parcel,
        register_current_stage,
        withdrawn_on
    from {{ ref('int_project') }}

),

stages as (

    select
        project_id,
        stage_no,
        reading,
        event_date,
        source,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_stage__reached') }}
    where stands

),

withdrawn_filings as (

    select distinct project_id
    from {{ ref('int_stage__filing') }}
    where not stands

),

first_filings as (

    select
        project_id,
        project_code,
        commitment_date,
        approval_path
    from {{ ref('int_stage__filing') }}
    where is_first

),

filing_rows as (

    select
        district_code,
        {{ project_code_key("project_code") }} as project_code,
        planned_start_date,
        planned_completion_date,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_filing__current') }}

),

agreements as (

    select
        district_code,
        signing_row_no,
        agreed_start_date,
        agreed_completion_date,
        agreed_production_date,
        agreed_on_target_date,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_agreement__current') }}

),

milestones as (

    select
        project_id,
        milestone,
        planned_date,
        file_sha256,
        sheet,
        row_number
    from {{ ref('fct_milestone') }}
    where project_id is not null

),

milestone_stages as (

    select
        milestone,
        stage_no
    from {{ ref('stage_milestone') }}
    where effective_from <= {{ as_of() }}
    qualify row_number() over (
        partition by milestone
        order by effective_from desc
    ) = 1

),

permits as (

    select distinct project_id
    from {{ ref('int_stage__permit') }}

),

terms as (

    select
        project_id,
        months_in_production,
        target_sales,
        target_tax,
        attained_sales,
        attained_tax
    from {{ ref('int_gate__terms') }}

),

durations as (

    select
        district_code,
        size_band,
        is_leased,
        stage_no,
        days_taken
    from {{ ref('int_gate__stage_duration') }}

),

rules as (

    select
        cast({{ gate_value('bottleneck_peers', 'min_peers') }} as integer) as min_peers,
        cast({{ rule('stage_rule', 'on_target_min_months') }} as integer) as min_months

),

evidenced as (

    select
        project_id,
        stage_no,
        event_date,
        source,
        file_sha256,
        sheet,
        row_number
    from stages
    where reading = 'evidenced'

),

claimed as (

    select
        project_id,
        stage_no,
        event_date
    from stages
    where reading = 'claimed'

),

steps as (

    select
        step.stage_no,
        step.is_leased,
        step.earlier_stage_no
    from (
        values
        (2, false, 1), (3, false, 2), (4, false, 3), (5, false, 4), (6, false, 5),
        (2, true, 1), (3, true, 2), (5, true, 3), (6, true, 5)
    ) as step (stage_no, is_leased, earlier_stage_no)

),

awaited as (

    select
        projects.project_id,
        projects.district_code,
        projects.signing_row_no,
        projects.uscc,
        projects.size_band,
        projects.is_leased,
        projects.has_parcel,
        steps.stage_no,
        earlier.event_date as waiting_since,
        earlier.source,
        earlier.file_sha256,
        earlier.sheet,
        earlier.row_number
    from projects
    inner join steps on projects.is_leased = steps.is_leased
    inner join evidenced as earlier
        on
            projects.project_id = earlier.project_id
            and steps.earlier_stage_no = earlier.stage_no
    left join evidenced as own
        on
            projects.project_id = own.project_id
            and steps.stage_no = own.stage_no
    where
        own.project_id is null
        and coalesce(projects.withdrawn_on > {{ as_of() }}, true)
        and coalesce(projects.register_current_stage, '') != '终止'

),

-- The agreed day: the agreement's, else the filing's plan, else the milestone's.
agreed_days as (

    select
        awaited.project_id,
        awaited.stage_no,
        1 as preference,
        'agreement' as source,
        case awaited.stage_no
            when 3 then agreements.agreed_start_date
            when 4 then agreements.agreed_completion_date
            when 5 then agreements.agreed_production_date
            when 6 then agreements.agreed_on_target_date
        end as agreed_on,
        agreements.file_sha256,
        agreements.sheet,
        agreements.row_number
    from awaited
    inner join agreements
        on
            awaited.district_code = agreements.district_code
            and awaited.signing_row_no = agreements.signing_row_no

    union all

    select
        awaited.project_id,
        awaited.stage_no,
        2 as preference,
        'filing' as source,
        case awaited.stage_no
            when 3 then filing_rows.planned_start_date
            when 4 then filing_rows.planned_completion_date
        end as agreed_on,
        filing_rows.file_sha256,
        filing_rows.sheet,
        filing_rows.row_number
    from awaited
    inner join first_filings on awaited.project_id = first_filings.project_id
    inner join filing_rows
        on
            awaited.district_code = filing_rows.district_code
            and first_filings.project_code = filing_rows.project_code

    union all

    select
        awaited.project_id,
        awaited.stage_no,
        3 as preference,
        'milestone' as source,
        milestones.planned_date as agreed_on,
        milestones.file_sha256,
        milestones.sheet,
        milestones.row_number
    from awaited
    inner join milestones on awaited.project_id = milestones.project_id
    inner join milestone_stages
        on
            milestones.milestone = milestone_stages.milestone
            and awaited.stage_no = milestone_stages.stage_no

),

first_agreed as (

    select
        project_id,
        stage_no,
        source,
        agreed_on,
        file_sha256,
        sheet,
        row_number
    from agreed_days
    where agreed_on is not null
    qualify row_number() over (
        partition by project_id, stage_no
        order by
            preference asc, agreed_on desc, file_sha256 asc, sheet asc, row_number asc
    ) = 1

),

-- Peers of the same size and kind of plant; where they are few, of the same kind; else all.
size_peers as (

    select
        district_code,
        stage_no,
        is_leased,
        size_band,
        count(*) as peer_count,
        cast(median(days_taken) as decimal(10, 1)) as median_days
    from durations
    group by district_code, stage_no, is_leased, size_band

),

plant_peers as (

    select
        district_code,
        stage_no,
        is_leased,
        count(*) as peer_count,
        cast(median(days_taken) as decimal(10, 1)) as median_days
    from durations
    group by district_code, stage_no, is_leased

),

all_peers as (

    select
        district_code,
        stage_no,
        count(*) as peer_count,
        cast(median(days_taken) as decimal(10, 1)) as median_days
    from durations
    group by district_code, stage_no

),

judged as (

    select
        awaited.project_id,
        awaited.stage_no,
        awaited.waiting_since,
        cast({{ as_of() }} - awaited.waiting_since as integer) as days_waiting,
        claimed.event_date as claimed_on,
        first_agreed.agreed_on,
        first_agreed.source as agreed_source,
        case
            when size_peers.peer_count >= rules.min_peers then 'size_and_plant'
            when plant_peers.peer_count >= rules.min_peers then 'plant'
            when all_peers.peer_count >= rules.min_peers then 'all'
        end as peer_group,
        case
            when size_peers.peer_count >= rules.min_peers then size_peers.peer_count
            when plant_peers.peer_count >= rules.min_peers then plant_peers.peer_count
            else all_peers.peer_count
        end as peer_count,
        case
            when size_peers.peer_count >= rules.min_peers then size_peers.median_days
            when plant_peers.peer_count >= rules.min_peers then plant_peers.median_days
            when all_peers.peer_count >= rules.min_peers then all_peers.median_days
        end as peer_median_days,
        case awaited.stage_no
            when 2
                then case when withdrawn_filings.project_id is null then 'filing' else 'refile' end
            when 3
                then case
                    when awaited.is_leased then 'witness'
                    when not awaited.has_parcel then 'land'
                    when
                        permits.project_id is null
                        and (
                            first_filings.commitment_date is null
                            or coalesce(first_filings.approval_path, '常规') = '常规'
                        )
                        then 'permit'
                    else 'witness'
                end
            when 4
                then case when permits.project_id is null then 'permit' else 'acceptance' end
            when 5
                then case when awaited.uscc is null then 'firm' else 'sales' end
            else case
                when terms.target_sales is null or terms.target_tax is null then 'terms'
                when terms.months_in_production < rules.min_months then 'too_early'
                when
                    terms.attained_sales < terms.target_sales
                    and terms.attained_tax < terms.target_tax
                    then 'sales_and_tax'
                when terms.attained_sales < terms.target_sales then 'sales'
                else 'tax'
            end
        end as missing_piece,
        awaited.source,
        awaited.file_sha256,
        awaited.sheet,
        awaited.row_number,
        first_agreed.file_sha256 as agreed_file_sha256,
        first_agreed.sheet as agreed_sheet,
        first_agreed.row_number as agreed_row_number
    from awaited
    cross join rules
    left join claimed
        on
            awaited.project_id = claimed.project_id
            and awaited.stage_no = claimed.stage_no
    left join first_agreed
        on
            awaited.project_id = first_agreed.project_id
            and awaited.stage_no = first_agreed.stage_no
    left join size_peers
        on
            awaited.district_code = size_peers.district_code
            and awaited.stage_no = size_peers.stage_no
            and awaited.is_leased = size_peers.is_leased
            and awaited.size_band = size_peers.size_band
    left join plant_peers
        on
            awaited.district_code = plant_peers.district_code
            and awaited.stage_no = plant_peers.stage_no
            and awaited.is_leased = plant_peers.is_leased
    left join all_peers
        on
            awaited.district_code = all_peers.district_code
            and awaited.stage_no = all_peers.stage_no
    left join withdrawn_filings on awaited.project_id = withdrawn_filings.project_id
    left join first_filings on awaited.project_id = first_filings.project_id
    left join permits on awaited.project_id = permits.project_id
    left join terms on awaited.project_id = terms.project_id

),

final as (

    select
        project_id,
        stage_no,
        waiting_since,
        days_waiting,
        claimed_on,
        agreed_on,
        agreed_source,
        case when agreed_on < {{ as_of() }} then cast({{ as_of() }} - agreed_on as integer) end
            as days_beyond_agreed,
        peer_group,
        peer_count,
        peer_median_days,
        case
            when days_waiting > peer_median_days
                then cast(days_waiting - peer_median_days as decimal(10, 1))
        end as days_beyond_peers,
        coalesce(agreed_on < {{ as_of() }}, false)
        or coalesce(days_waiting > peer_median_days, false) as is_stuck,
        missing_piece,
        source,
        file_sha256,
        sheet,
        row_number,
        agreed_file_sha256,
        agreed_sheet,
        agreed_row_number
    from judged

)

select
    project_id,
    stage_no,
    waiting_since,
    days_waiting,
    claimed_on,
    agreed_on,
    agreed_source,
    days_beyond_agreed,
    peer_group,
    peer_count,
    peer_median_days,
    days_beyond_peers,
    is_stuck,
    missing_piece,
    source,
    file_sha256,
    sheet,
    row_number,
    agreed_file_sha256,
    agreed_sheet,
    agreed_row_number
from final
