-- The part of agreed_investment that a straight line between agreed start and completion makes
-- due by as_of (metrics.md, investment_completion_rate, variant `scheduled`).

with

projects as (

    select
        project_id,
        district_code,
        signing_row_no
    from {{ ref('int_project') }}

),

agreements as (

    select
        district_code,
        signing_row_no,
        agreed_investment,
        agreed_start_date,
        agreed_completion_date
    from {{ ref('int_agreement__current') }}
    where
        agreed_investment is not null
        and agreed_start_date is not null
        and agreed_completion_date is not null

),

spans as (

    select
        projects.project_id,
        agreements.agreed_investment,
        agreements.agreed_start_date,
        agreements.agreed_completion_date,
        agreements.agreed_completion_date - agreements.agreed_start_date as days_in_all,
        {{ as_of() }} - agreements.agreed_start_date as days_gone
    from projects
    inner join agreements
        on
            projects.district_code = agreements.district_code
            and projects.signing_row_no = agreements.signing_row_no

),

final as (

    select
        project_id,
        case
            when agreed_completion_date <= {{ as_of() }}
                then cast(agreed_investment as decimal(18, 6))
            when days_gone <= 0
                then cast(0 as decimal(18, 6))
            else {{ exact_ratio(
                "(cast(agreed_investment as decimal(24, 6)) * cast(days_gone as integer))",
                "cast(days_in_all as decimal(18, 6))",
            ) }}
        end as scheduled_investment
    from spans

)

select
    project_id,
    scheduled_investment
from final
