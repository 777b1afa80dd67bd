-- The later-signed side of a repeat signing that a person has confirmed: a file
-- raw/_decisions/<day>/merge.csv with the columns signing_row_no (the row that repeats) and same_as
-- (the row that stays). Without a person's decision nothing is merged (metrics.md).

with

repeats as (

    select
        json_extract_string(data, '$.signing_row_no') as signing_row_no,
        json_extract_string(data, '$.same_as') as same_as,
        decided_on,
        file_name,
        row_number
    from {{ ref('stg_decision') }}
    where kind = 'merge'

),

projects as (

    select
        project_id,
        signing_row_no
    from {{ ref('int_project') }}
    where signing_row_no is not null

),

final as (

    select
        projects.project_id,
        repeats.same_as,
        repeats.decided_on
    from repeats
    inner join projects on repeats.signing_row_no = projects.signing_row_no
    where repeats.same_as <> repeats.signing_row_no
    qualify row_number() over (
        partition by projects.project_id
        order by repeats.decided_on, repeats.file_name, repeats.row_number
    ) = 1

)

select
    project_id,
    same_as,
    decided_on
from final
