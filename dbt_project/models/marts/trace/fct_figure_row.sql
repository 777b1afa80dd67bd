-- From a figure of the funnel to its projects, and from each to the delivered rows: the list that
-- mart_funnel adds up, before any cut or window.

with

contributions as (

    select
        metric,
        variant,
        form,
        reading,
        project_id,
        placed_on,
        numerator_count,
        numerator_amount,
        denominator_count,
        denominator_amount,
        withdrawn_count,
        is_held_back
    from {{ ref('int_funnel__contribution') }}

),

-- Verified is evidenced without what the checks hold back.
in_readings as (

    select
        metric,
        variant,
        form,
        reading,
        project_id,
        placed_on,
        numerator_count,
        numerator_amount,
        denominator_count,
        denominator_amount,
        withdrawn_count
    from contributions

    union all

    select
        metric,
        variant,
        form,
        'verified' as reading,
        project_id,
        placed_on,
        numerator_count,
        numerator_amount,
        denominator_count,
        denominator_amount,
        withdrawn_count
    from contributions
    where
        reading = 'evidenced'
        and not coalesce(is_held_back, false)

),

definitions as (

    select
        metric,
        variant,
        kind,
        denominator_stage,
        numerator_stage,
        amount_basis
    from {{ ref('int_funnel__definition') }}

),

stage_numbers as (

    select
        stages.stage,
        stages.stage_no
    from (
        values
        ('signed', 1), ('filed', 2), ('started', 3), ('completed', 4), ('produced', 5),
        ('on_target', 6), ('on_target_gross', 6)
    ) as stages (stage, stage_no)

),

stage_events as (

    select
        events.project_id,
        events.reading,
        stage_numbers.stage,
        events.event_date,
        events.source,
        events.file_sha256,
        events.sheet,
        events.row_number
    from {{ ref('fct_stage_event') }} as events
    inner join stage_numbers on events.stage_no = stage_numbers.stage_no
    where
        events.event_kind = 'reached'
        and not (stage_numbers.stage = 'on_target_gross' and events.reading = 'evidenced')

    union all

    select
        project_id,
        'evidenced' as reading,
        'on_target_gross' as stage,
        on_target_on as event_date,
        source,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_stage__on_target') }}
    where variant = 'gross'

),

stage_rows as (

    select
        project_id,
        reading,
        stage,
        event_date,
        source,
        file_sha256,
        sheet,
        row_number
    from stage_events
    qualify row_number() over (
        partition by project_id, reading, stage
        order by event_date desc, file_sha256, sheet, row_number
    ) = 1

),

projects as (

    select
        project_id,
        signing_row_no,
        district_code,
        source,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_project') }}

),

project_codes as (

    select distinct
        project_id,
        key_value as project_code
    from {{ ref('bridge_project_key') }}
    where key_kind = 'project_code' and valid_to is null

),

filings as (

    select
        district_code,
        {{ project_code_key("project_code") }} as project_code,
        is_withdrawn,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_filing__current') }}

),

agreements as (

    select
        district_code,
        signing_row_no,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_agreement__current') }}

),

investments as (

    select
        project_id,
        project_code,
        stat_period,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_funnel__investment') }}

),

-- The cumulative amount stands in the last report of each code.
last_reports as (

    select
        project_id,
        file_sha256,
        sheet,
        row_number
    from investments
    qualify row_number() over (
        partition by project_id, project_code order by stat_period desc
    ) = 1

),

-- The rows in which the amount of a project stands, by what the amount is.
amount_cells as (

    select
        project_id,
        'signed_investment' as amount_basis,
        cast(null as date) as stat_period,
        source,
        file_sha256,
        sheet,
        row_number
    from projects
    where signing_row_no is not null

    union all

    select
        projects.project_id,
        'planned_investment' as amount_basis,
        cast(null as date) as stat_period,
        'filing' as source,
        filings.file_sha256,
        filings.sheet,
        filings.row_number
    from projects
    inner join project_codes on projects.project_id = project_codes.project_id
    inner join filings
        on
            projects.district_code = filings.district_code
            and project_codes.project_code = filings.project_code

    union all

    select
        projects.project_id,
        'scheduled_investment' as amount_basis,
        cast(null as date) as stat_period,
        'agreement' as source,
        agreements.file_sha256,
        agreements.sheet,
        agreements.row_number
    from projects
    inner join agreements
        on
            projects.district_code = agreements.district_code
            and projects.signing_row_no = agreements.signing_row_no

    union all

    select
        project_id,
        'investment_cum' as amount_basis,
        cast(null as date) as stat_period,
        'fai' as source,
        file_sha256,
        sheet,
        row_number
    from last_reports

    union all

    select
        project_id,
        'investment_added' as amount_basis,
        stat_period,
        'fai' as source,
        file_sha256,
        sheet,
        row_number
    from investments

),

amount_rows as (

    select
        project_id,
        amount_basis,
        stat_period,
        list(
            struct_pack(
                source := source,
                file_sha256 := file_sha256,
                sheet := sheet,
                row_number := cast(row_number as bigint)
            )
            order by source, file_sha256, sheet, row_number
        ) as amount_rows
    from amount_cells
    group by project_id, amount_basis, stat_period

),

parts as (

    select
        metric,
        variant,
        form,
        reading,
        project_id,
        placed_on,
        'numerator' as part,
        numerator_count as counted,
        numerator_amount as amount,
        withdrawn_count
    from in_readings
    where
        numerator_count is not null
        or numerator_amount is not null

    union all

    select
        metric,
        variant,
        form,
        reading,
        project_id,
        placed_on,
        'denominator' as part,
        denominator_count as counted,
        denominator_amount as amount,
        withdrawn_count
    from in_readings
    where
        denominator_count is not null
        or denominator_amount is not null

),

described as (

    select
        parts.metric,
        parts.variant,
        parts.form,
        parts.reading,
        parts.project_id,
        parts.placed_on,
        -- A withdrawn project adds nothing and is listed.
        case
            when parts.withdrawn_count = 1 and parts.counted = 0 then 'withdrawn'
            else parts.part
        end as part,
        parts.counted,
        parts.amount,
        parts.withdrawn_count = 1 as is_withdrawn,
        case
            when definitions.kind = 'rate' and parts.part = 'numerator'
                then definitions.numerator_stage
            else coalesce(definitions.denominator_stage, definitions.numerator_stage)
        end as stage,
        case
            when definitions.kind <> 'investment' or parts.part = 'denominator'
                then definitions.amount_basis
            when parts.form = 'cohort' then 'investment_cum'
            else 'investment_added'
        end as amount_basis,
        case
            when
                definitions.kind = 'investment'
                and parts.part = 'numerator'
                and parts.form = 'period'
                then parts.placed_on
        end as amount_month
    from parts
    inner join definitions
        on
            parts.metric = definitions.metric
            and parts.variant = definitions.variant

),

final as (

    select
        described.metric as measure,
        described.variant,
        described.form,
        described.reading,
        described.part,
        described.project_id,
        described.placed_on,
        cast(described.counted as integer) as counted,
        cast(described.amount as decimal(20, 4)) as amount,
        described.is_withdrawn,
        cast(stage_numbers.stage_no as integer) as stage_no,
        stage_rows.event_date,
        stage_rows.source,
        stage_rows.file_sha256,
        stage_rows.sheet,
        cast(stage_rows.row_number as bigint) as row_number,
        described.amount_basis,
        amount_rows.amount_rows
    from described
    left join stage_numbers on described.stage = stage_numbers.stage
    left join stage_rows
        on
            described.project_id = stage_rows.project_id
            and described.stage = stage_rows.stage
            and replace(described.reading, 'verified', 'evidenced') = stage_rows.reading
    left join amount_rows
        on
            described.project_id = amount_rows.project_id
            and described.amount_basis = amount_rows.amount_basis
            and described.amount_month is not distinct from amount_rows.stat_period

)

select
    measure,
    variant,
    form,
    reading,
    part,
    project_id,
    placed_on,
    counted,
    amount,
    is_withdrawn,
    stage_no,
    event_date,
    source,
    file_sha256,
    sheet,
    row_number,
    amount_basis,
    amount_rows
from final
