with

projects as (

    select
        district_code,
        project_id,
        entity_id,
        signing_row_no,
        reporting_unit,
        uscc
    from {{ ref('int_check__project') }}

),

rules as (

    select
        cast({{ check_threshold('R32', 'months_after_filing') }} as integer)
            as months_after_filing,
        cast({{ check_threshold('R32', 'source_lag_days') }} as integer) as source_lag_days

),

documents as (

    select
        project_id,
        filed_on,
        filing_cell,
        started_on,
        start_cell
    from {{ ref('int_check__start') }}

),

made_up as (

    select
        links.project_id,
        arg_min(
            {{ evidence_cell('filing', 'filing', 'is_backfilled_filing') }}, filing.project_code
        ) as made_up_cell
    from {{ ref('int_filing__current') }} as filing
    inner join {{ ref('int_match__project_code') }} as links
        on
            filing.district_code = links.district_code
            and {{ project_code_key("filing.project_code") }} = links.project_code
    where
        filing.is_backfilled_filing
        and not filing.is_withdrawn
        and filing.filing_date <= {{ as_of() }}
    group by links.project_id

),

-- A source of what could follow that stopped coming leaves nothing to conclude from.
deliveries as (

    select
        district_code,
        min(last_received_on) as last_received_on,
        count(*) as sources
    from {{ ref('int_check__delivered') }}
    where source in ('land', 'permit', 'fai', 'payment')
    group by district_code

),

-- The last day of each kind of thing that can follow a filing: a permit, investment and a
-- recognition always do.
later as (

    select
        project_id,
        max(contract_signed_on) as last_seen_on
    from {{ ref('fct_land') }}
    where project_id is not null
    group by project_id

    union all

    select
        project_id,
        max(paid_on) as last_seen_on
    from {{ ref('fct_payment') }}
    where project_id is not null
    group by project_id

    union all

    select
        project_id,
        {{ as_of() }} as last_seen_on
    from {{ ref('fct_permit') }}
    where project_id is not null and not is_withdrawn
    group by project_id

    union all

    select
        project_id,
        {{ as_of() }} as last_seen_on
    from {{ ref('fct_acceptance') }}
    where project_id is not null
    group by project_id

    union all

    select
        project_id,
        {{ as_of() }} as last_seen_on
    from {{ ref('int_check__investment') }}
    where investment_month > 0
    group by project_id

    union all

    select
        project_id,
        {{ as_of() }} as last_seen_on
    from {{ ref('int_check__recognition') }}
    group by project_id

    union all

    select
        projects.project_id,
        max(fdi.arrived_date) as last_seen_on
    from {{ ref('int_fdi__current') }} as fdi
    inner join projects
        on
            fdi.district_code = projects.district_code
            and fdi.signing_row_no = projects.signing_row_no
    where not fdi.is_withdrawn and fdi.arrived_date <= {{ as_of() }}
    group by projects.project_id

    union all

    select
        projects.project_id,
        max(fund.invested_date) as last_seen_on
    from {{ ref('int_fund__current') }} as fund
    inner join projects
        on
            fund.district_code = projects.district_code
            and fund.signing_row_no = projects.signing_row_no
    where fund.invested > 0 and fund.invested_date <= {{ as_of() }}
    group by projects.project_id

),

followed as (

    select
        project_id,
        max(last_seen_on) as last_seen_on
    from later
    group by project_id

),

measured as (

    select
        projects.district_code,
        projects.project_id,
        projects.entity_id,
        projects.reporting_unit,
        projects.uscc,
        documents.filed_on,
        documents.filing_cell,
        documents.started_on,
        documents.start_cell,
        made_up.made_up_cell,
        rules.months_after_filing,
        datediff('day', documents.started_on, documents.filed_on) as days_late,
        datesub('month', documents.filed_on, {{ as_of() }}) as months_since,
        coalesce(
            documents.filed_on + to_months(rules.months_after_filing) < {{ as_of() }}
            and coalesce(followed.last_seen_on < documents.filed_on, true),
            false
        ) as is_left,
        coalesce(
            deliveries.sources = 4
            and deliveries.last_received_on
            >= documents.filed_on
            + to_months(rules.months_after_filing) - to_days(rules.source_lag_days),
            false
        ) as saw_what_follows,
        coalesce(documents.filed_on > documents.started_on, false) as is_late,
        made_up.project_id is not null as is_made_up
    from projects
    cross join rules
    inner join documents on projects.project_id = documents.project_id
    left join made_up on projects.project_id = made_up.project_id
    left join followed on projects.project_id = followed.project_id
    left join deliveries on projects.district_code = deliveries.district_code

),

judged as (

    select
        *,
        case
            when is_late then 'late'
            when is_made_up then 'made_up'
            when is_left and saw_what_follows then 'left'
        end as clause
    from measured

),

final as (

    select
        *,
        'project' as entity_type,
        case
            when filed_on is null then 'na'
            when clause is not null then 'fail'
            when is_left then 'na'
            else 'pass'
        end as outcome,
        case
            when filed_on is null then 'no_filing'
            when clause is null and is_left then 'source_not_delivered'
        end as na_reason,
        case when clause is not null and filed_on is not null then 'flag' end as severity,
        case clause when 'late' then days_late when 'left' then months_since else 1 end
            as statistic,
        case clause when 'left' then months_after_filing else 0 end as threshold,
        case clause when 'late' then days_late when 'left' then months_since end as observed,
        case clause when 'late' then 0 when 'left' then months_after_filing end as expected,
        ['corrected_date', 'later_evidence'] as exemptions_checked,
        case clause
            when 'late' then [filing_cell, start_cell]
            when 'made_up' then [made_up_cell]
            when 'left' then [filing_cell]
            else {{ no_evidence() }}
        end as evidence,
        case clause
            when 'late'
                then {{ sentence('{} 开工，{} 才备案', ['started_on', 'filed_on']) }}
            when 'made_up' then '备案登记为补办项目'
            else {{ sentence(
                '{} 备案，至 {} 已 {} 个月，没有土地、许可、投资、付款或认定',
                ['filed_on', as_of(), 'months_since'],
            ) }}
        end as facts_zh,
        case clause
            when 'late'
                then {{ sentence('started on {}, filed on {}', ['started_on', 'filed_on']) }}
            when 'made_up' then 'the filing is registered as made up afterwards'
            else {{ sentence(
                'filed on {}; by {}, {} months on, nothing of any kind has followed',
                ['filed_on', as_of(), 'months_since'],
            ) }}
        end as facts_en,
        case clause
            when 'late' then {{ sentence('备案不晚于开工；晚 {} 天', ['days_late']) }}
            when 'made_up' then '备案在开工前办理，不是事后补办'
            else {{ sentence(
                '备案后 {} 个月内有后续办理或投入', ['months_after_filing'],
            ) }}
        end as relation_zh,
        case clause
            when 'late'
                then {{ sentence(
                    'the filing is not later than the start; it is {} days late', ['days_late'],
                ) }}
            when 'made_up' then 'a filing comes before the works'
            else {{ sentence(
                'something follows within {} months of the filing', ['months_after_filing'],
            ) }}
        end as relation_en
    from judged

)

{{ check_answer('final') }}
