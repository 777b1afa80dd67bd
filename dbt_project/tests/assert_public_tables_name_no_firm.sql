-- depends_on: {{ ref('mart_funnel_public') }}
-- depends_on: {{ ref('mart_funnel_retrospective_public') }}
-- depends_on: {{ ref('mart_land_efficiency_public') }}
-- depends_on: {{ ref('mart_growth_watch_public') }}
-- depends_on: {{ ref('mart_expansion_library_public') }}
-- depends_on: {{ ref('mart_lead_channel_public') }}
-- depends_on: {{ ref('mart_land_reserve_public') }}
-- depends_on: {{ ref('mart_fund_public') }}
-- depends_on: {{ ref('mart_landing_cohort_public') }}
-- depends_on: {{ ref('mart_board_scorecard_public') }}
-- depends_on: {{ ref('mart_access_gate_public') }}
-- depends_on: {{ ref('mart_bottleneck_public') }}
-- depends_on: {{ ref('mart_data_quality_public') }}
-- depends_on: {{ ref('mart_exit_list_public') }}
-- depends_on: {{ ref('mart_figure_vintage_public') }}
-- depends_on: {{ ref('mart_milestone_public') }}
-- depends_on: {{ ref('mart_project_profile_public') }}
-- marts_public travels (metrics.md, Confidentiality): no column of it may say which firm, project,
-- parcel or row of a file a figure comes from.

with

published as (

    select
        table_name,
        column_name
    from duckdb_columns()
    where
        database_name = current_database()
        and schema_name = 'marts_public'
        -- There `source` is what the row is about, not where it was delivered.
        and not (
            column_name = 'source'
            and table_name in ('mart_data_quality', 'mart_figure_vintage')
        )

),

final as (

    select
        table_name,
        column_name
    from published
    where
        column_name in (
            'subject_id', 'parcel_no', 'sheet', 'row_number', 'file_name', 'source', 'evidence',
            'investor', 'owner_company', 'matched_partner', 'payer', 'payee', 'site_address',
            'key_value', 'expansion_no', 'opportunity_no', 'reasons_zh', 'reasons_en'
        )
        or regexp_matches(
            column_name,
            'uscc|company|taxpayer|sha256|account|project_(id|code|name)|signing_row|supervision_no'
            || '|permit_no|contract_no|filing_no|record_no'
        )

)

select
    table_name,
    column_name
from final
