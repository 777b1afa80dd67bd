select
    project_id,
    cut_kind,
    cut_value
from {{ ref('int_funnel__cut') }}
