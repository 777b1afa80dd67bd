-- The plant that a project rents, and the one that it lets. The register of completed projects
-- (项目总表) says what is; before it does, the ledger says what was agreed. A lease counts from the
-- start of the project (claimed or evidenced, the earlier), else from the day on which 项目总表 first
-- shows it, until the project is withdrawn.

with

projects as (

    select
        project_id,
        district_code,
        signing_row_no,
        uscc,
        withdrawn_on
    from {{ ref('int_project') }}
    where signing_row_no is not null

),

ledger as (

    select
        district_code,
        signing_row_no,
        leased_floor_area,
        received_on,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_signing__history') }}
    qualify row_number() over (
        partition by district_code, signing_row_no order by valid_from desc
    ) = 1

),

completed as (

    select
        district_code,
        signing_row_no,
        uscc,
        actual_land_area,
        leased_floor_area,
        leased_out_floor_area,
        received_on,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_completion__current') }}

),

first_shown as (

    select
        district_code,
        signing_row_no,
        min(valid_from) as first_shown_on
    from {{ ref('int_completion__history') }}
    group by district_code, signing_row_no

),

starts as (

    select
        project_id,
        min(event_date) as started_on
    from {{ ref('int_stage__reached') }}
    where
        stage_no = 3
        and stands
    group by project_id

),

joined as (

    select
        projects.project_id,
        projects.district_code,
        projects.signing_row_no,
        coalesce(completed.uscc, projects.uscc) as uscc,
        completed.actual_land_area as evaluated_mu,
        case
            when completed.signing_row_no is not null then completed.leased_floor_area
            else ledger.leased_floor_area
        end as leased_floor_area,
        completed.leased_out_floor_area,
        coalesce(starts.started_on, first_shown.first_shown_on) as counts_from,
        projects.withdrawn_on as counts_to,
        case when completed.signing_row_no is not null then 'completion' else 'signing' end
            as source,
        coalesce(completed.file_sha256, ledger.file_sha256) as file_sha256,
        coalesce(completed.sheet, ledger.sheet) as sheet,
        coalesce(completed.row_number, ledger.row_number) as row_number
    from projects
    left join ledger
        on
            projects.district_code = ledger.district_code
            and projects.signing_row_no = ledger.signing_row_no
    left join completed
        on
            projects.district_code = completed.district_code
            and projects.signing_row_no = completed.signing_row_no
    left join first_shown
        on
            projects.district_code = first_shown.district_code
            and projects.signing_row_no = first_shown.signing_row_no
    left join starts on projects.project_id = starts.project_id

),

rules as (

    select
        cast(
            {{ rule('land_rule', 'leased_far') }} * {{ rule('land_rule', 'square_metres_per_mu') }}
            as decimal(18, 6)
        ) as floor_of_one_mu

),

final as (

    select
        joined.project_id,
        joined.district_code,
        joined.signing_row_no,
        joined.uscc,
        joined.evaluated_mu,
        joined.leased_floor_area,
        joined.leased_out_floor_area,
        {{ exact_ratio("joined.leased_floor_area", "rules.floor_of_one_mu") }} as leased_mu,
        {{ exact_ratio("joined.leased_out_floor_area", "rules.floor_of_one_mu") }} as leased_out_mu,
        joined.counts_from,
        joined.counts_to,
        joined.source,
        joined.file_sha256,
        joined.sheet,
        joined.row_number
    from joined
    cross join rules
    where
        joined.counts_from <= {{ as_of() }}
        and (
            joined.leased_floor_area > 0
            or joined.leased_out_floor_area > 0
            or joined.evaluated_mu > 0
        )

)

select
    project_id,
    district_code,
    signing_row_no,
    uscc,
    evaluated_mu,
    leased_floor_area,
    leased_out_floor_area,
    leased_mu,
    leased_out_mu,
    counts_from,
    counts_to,
    source,
    file_sha256,
    sheet,
    row_number
from final
