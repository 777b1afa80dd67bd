-- What a project uses beside its own parcels: leased and leased-out floors as land, the evaluated
-- area, and its floors (accepted ones, else permitted ones).

with

projects as (

    select
        project_id,
        district_code,
        signing_row_no
    from {{ ref('fct_project_funnel') }}

),

signings as (

    select
        district_code,
        signing_row_no,
        leased_floor_area
    from {{ ref('int_signing__current') }}

),

completions as (

    select
        district_code,
        signing_row_no,
        actual_land_area,
        leased_floor_area,
        leased_out_floor_area
    from {{ ref('int_completion__current') }}

),

project_permits as (

    select
        project_id,
        construction_permit_no,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_stage__permit') }}

),

permits as (

    select
        permit_floor_area,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_permit__current') }}

),

acceptances as (

    select
        district_code,
        {{ text_key("construction_permit_no") }} as permit_key,
        sum(actual_floor_area) as accepted_floor_area
    from {{ ref('int_acceptance__current') }}
    where actual_completion_date <= {{ as_of() }}
    group by all

),

floors as (

    select
        projects.project_id,
        sum(coalesce(acceptances.accepted_floor_area, permits.permit_floor_area))
            as floor_area
    from projects
    inner join project_permits on projects.project_id = project_permits.project_id
    inner join permits
        on
            project_permits.file_sha256 = permits.file_sha256
            and project_permits.sheet = permits.sheet
            and project_permits.row_number = permits.row_number
    left join acceptances
        on
            projects.district_code = acceptances.district_code
            and {{ text_key("project_permits.construction_permit_no") }} = acceptances.permit_key
    group by projects.project_id

),

rules as (

    select
        {{ rule('retrospective_rule', 'leased_far') }}
        * {{ rule('retrospective_rule', 'square_metres_per_mu') }} as floors_a_mu

),

final as (

    select
        projects.project_id,
        cast({{ exact_ratio(
            "coalesce(completions.leased_floor_area, signings.leased_floor_area, 0)",
            "rules.floors_a_mu",
        ) }} as decimal(18, 6)) as leased_mu,
        cast({{ exact_ratio(
            "coalesce(completions.leased_out_floor_area, 0)",
            "rules.floors_a_mu",
        ) }} as decimal(18, 6)) as leased_out_mu,
        completions.actual_land_area as evaluated_mu,
        floors.floor_area
    from projects
    cross join rules
    left join signings
        on
            projects.district_code = signings.district_code
            and projects.signing_row_no = signings.signing_row_no
    left join completions
        on
            projects.district_code = completions.district_code
            and projects.signing_row_no = completions.signing_row_no
    left join floors on projects.project_id = floors.project_id

)

select
    project_id,
    leased_mu,
    leased_out_mu,
    evaluated_mu,
    floor_area
from final
