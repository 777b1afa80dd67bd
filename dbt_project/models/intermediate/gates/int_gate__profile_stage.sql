-- The stages of a project side by side: when claimed, when evidenced and by which source; and the
-- highest one that is evidenced.

with

stages as (

    select
        project_id,
        stage_no,
        reading,
        event_date,
        complete_on,
        recognised_on,
        source,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_stage__reached') }}
    where stands

),

final as (

    select
        project_id,
        {% for stage, no in [
            ('signed', 1), ('filed', 2), ('started', 3),
            ('completed', 4), ('produced', 5), ('on_target', 6),
        ] -%}
            max(event_date) filter (where stage_no = {{ no }} and reading = 'claimed')
                as {{ stage }}_claimed_on,
            max(event_date) filter (where stage_no = {{ no }} and reading = 'evidenced')
                as {{ stage }}_evidenced_on,
            max(source) filter (where stage_no = {{ no }} and reading = 'evidenced')
                as {{ stage }}_evidenced_by,
        {% endfor -%}
        max(stage_no) filter (where reading = 'evidenced') as current_stage_no,
        max(stage_no) filter (where reading = 'claimed') as claimed_stage_no,
        arg_max(event_date, stage_no) filter (where reading = 'evidenced') as current_stage_since,
        list(
            struct_pack(
                stage_no := cast(stage_no as integer),
                reading := reading,
                event_date := event_date,
                complete_on := complete_on,
                recognised_on := recognised_on,
                source := source,
                file_sha256 := file_sha256,
                sheet := sheet,
                row_number := cast(row_number as bigint)
            )
            order by stage_no, reading
        ) as stages
    from stages
    group by project_id

)

select
    project_id,
    signed_claimed_on,
    signed_evidenced_on,
    signed_evidenced_by,
    filed_claimed_on,
    filed_evidenced_on,
    filed_evidenced_by,
    started_claimed_on,
    started_evidenced_on,
    started_evidenced_by,
    completed_claimed_on,
    completed_evidenced_on,
    completed_evidenced_by,
    produced_claimed_on,
    produced_evidenced_on,
    produced_evidenced_by,
    on_target_claimed_on,
    on_target_evidenced_on,
    on_target_evidenced_by,
    current_stage_no,
    claimed_stage_no,
    current_stage_since,
    stages
from final
