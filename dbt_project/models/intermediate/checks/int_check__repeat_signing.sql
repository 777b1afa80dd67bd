-- Of two rows of the ledger that R11 takes for one project the side that was signed later: the
-- verified reading leaves it out (metrics.md). Only what R11 quarantines: a flag proves no repeat.

with

fails as (

    select
        district_code,
        project_id,
        counterpart_project_id
    from {{ ref('chk_r11_duplicate_project') }}
    where outcome = 'fail' and severity = 'quarantine'

),

signings as (

    select
        project_id,
        entity_id,
        signing_date
    from {{ ref('int_check__project') }}
    where is_in_ledger and signing_date is not null

),

-- Signed on one day: the larger number of the ledger is the later one.
ordered as (

    select
        fails.district_code,
        row(one.signing_date, one.entity_id) > row(other.signing_date, other.entity_id)
            as is_first_later,
        one.project_id,
        other.project_id as counterpart_project_id
    from fails
    inner join signings as one on fails.project_id = one.project_id
    inner join signings as other on fails.counterpart_project_id = other.project_id

),

final as (

    select
        district_code,
        case when is_first_later then project_id else counterpart_project_id end as project_id,
        case when is_first_later then counterpart_project_id else project_id end
            as earlier_project_id
    from ordered

)

select
    district_code,
    project_id,
    earlier_project_id
from final
