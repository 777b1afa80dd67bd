{#- Like events_current, but over time (one row a project code and received day on which something
    was stated), and with the two rules that only filings have: sources.md section 2, metrics.md. -#}
{%- set columns = staged_columns('filing') -%}
{%- set apart = ["filing_date", "filing_date_precision", "planned_investment"] -%}
{%- set restated = columns | reject("in", apart) | list -%}
with

statements as (

    select
        {{ column_list(columns, indent=8) }},
        {{ kind_rank("submission_kind") }} as kind_rank,
        coalesce(submission_kind = '撤销', false) as is_revocation,
        coalesce(submission_kind = '更正', false) as is_correction
    from {{ ref('stg_filing') }}

),

numbered as (

    select
        {{ column_list(columns, indent=8) }},
        is_revocation,
        is_correction,
        row_number() over (
            partition by district_code, project_code
            order by {{ statement_order() }}
        ) as statement_no,
        row_number() over (
            partition by district_code, project_code, received_on
            order by {{ statement_order("desc") }}
        ) as from_end_of_day
    from statements

),

-- What stands after each statement. A 撤销 states nothing but the withdrawal; the filing date is the
-- first one stated until a 更正 says otherwise (变更 never moves it); the planned amount is that of the
-- last row received, also of a 撤销.
states as (

    select
        district_code,
        project_code,
        received_on,
        from_end_of_day,
        is_revocation,
        statement_no,
        coalesce(
            max(case when not is_revocation then statement_no end) over known_so_far,
            statement_no
        ) as stated_no,
        max(case when not is_revocation then statement_no end) over known_so_far as last_stated_no,
        coalesce(
            max(case when is_correction and filing_date is not null then statement_no end)
                over known_so_far,
            min(case when filing_date is not null then statement_no end) over known_so_far
        ) as filing_date_no,
        max(case when planned_investment is not null then statement_no end)
            over known_so_far as planned_no
    from numbered
    window known_so_far as (
        partition by district_code, project_code
        order by statement_no
        rows between unbounded preceding and current row
    )

),

-- Parts of one day are one delivery: only the state at the end of a day was ever known.
days as (

    select
        district_code,
        project_code,
        received_on as valid_from,
        lead(received_on) over (
            partition by district_code, project_code order by received_on
        ) as valid_to,
        is_revocation as is_withdrawn,
        stated_no,
        coalesce(last_stated_no, 0) as last_stated_no,
        filing_date_no,
        planned_no
    from states
    where from_end_of_day = 1

),

-- A 撤销 delivered twice acts from the first time on.
revocations as (

    select
        days.district_code,
        days.project_code,
        days.valid_from,
        min(numbered.statement_no) as revocation_no
    from days
    inner join numbered
        on
            days.district_code = numbered.district_code
            and days.project_code = numbered.project_code
            and days.last_stated_no < numbered.statement_no
            and days.valid_from >= numbered.received_on
    where days.is_withdrawn
    group by days.district_code, days.project_code, days.valid_from

),

final as (

    select
        {{ column_list(restated, "stated", indent=8) }},
        dated.filing_date,
        dated.filing_date_precision,
        planned.planned_investment,
        days.is_withdrawn,
        revocation.received_on as withdrawn_on,
        revocation.file_sha256 as withdrawn_file_sha256,
        revocation.sheet as withdrawn_sheet,
        revocation.row_number as withdrawn_row_number,
        days.valid_from,
        days.valid_to
    from days
    inner join numbered as stated
        on
            days.district_code = stated.district_code
            and days.project_code = stated.project_code
            and days.stated_no = stated.statement_no
    left join numbered as dated
        on
            days.district_code = dated.district_code
            and days.project_code = dated.project_code
            and days.filing_date_no = dated.statement_no
    left join numbered as planned
        on
            days.district_code = planned.district_code
            and days.project_code = planned.project_code
            and days.planned_no = planned.statement_no
    left join revocations
        on
            days.district_code = revocations.district_code
            and days.project_code = revocations.project_code
            and days.valid_from = revocations.valid_from
    left join numbered as revocation
        on
            revocations.district_code = revocation.district_code
            and revocations.project_code = revocation.project_code
            and revocations.revocation_no = revocation.statement_no

)

select
    {{ column_list(columns, indent=4) }},
    is_withdrawn,
    withdrawn_on,
    withdrawn_file_sha256,
    withdrawn_sheet,
    withdrawn_row_number,
    valid_from,
    valid_to
from final
