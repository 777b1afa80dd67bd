-- Every figure that a gate shows as evidence stands in the delivered row that it names: same file,
-- sheet and row, and the same value where the figure is a column of the source.
{%- set columns = {
    'signing': [
        'fixed_asset_investment', 'investment_equipment', 'land_area', 'leased_floor_area',
        'planned_floor_area', 'expected_sales', 'expected_tax', 'energy_tce', 'red_line',
        'signing_date', 'signed_investment',
    ],
    'agreement': [
        'red_line', 'agreed_sales', 'agreed_tax', 'agreed_tax_per_mu', 'agreed_land_area',
        'agreed_start_date', 'agreed_completion_date', 'breach', 'exit_action', 'exit_date',
    ],
    'enterprise': ['enterprise_status'],
    'filing': ['filing_date', 'planned_completion_date', 'planned_investment'],
    'land': ['agreed_start_date', 'actual_start_date', 'land_price'],
    'permit': ['construction_permit_date'],
    'acceptance': ['actual_completion_date'],
    'payment': ['purpose'],
    'fai': ['investment_cum'],
    'sales': ['invoiced_sales'],
    'tax': ['tax_paid'],
    'power': ['power_kwh'],
    'social': ['insured_headcount'],
    'milestone': ['service_unit', 'blocker'],
} %}

with

evidence as (
    {% for mart in ['mart_access_gate', 'mart_growth_watch', 'mart_exit_list', 'mart_bottleneck'] %}
        {% if not loop.first %}union all{% endif %}

        select
            '{{ mart }}' as mart,
            project_id,
            unnest(evidence) as item
        from {{ ref(mart) }}
    {% endfor %}
),

items as (

    select
        mart,
        project_id,
        item.source,
        item.file_sha256,
        item.sheet,
        item.row_number,
        item.column_name,
        item.value
    from evidence

),

delivered as (
    {% for source, names in columns.items() %}
        {% if not loop.first %}union all{% endif %}

        select
            '{{ source }}' as source,
            file_sha256,
            sheet,
            row_number,
            map {
                {%- for name in names %}
                    '{{ name }}': cast({{ name }} as varchar){{ ',' if not loop.last }}
                {%- endfor %}
            } as cells
        from {{ ref('stg_' ~ source) }}
        where
            file_sha256 in (
                select items.file_sha256 from items
                where items.source = '{{ source }}'
            )
    {% endfor %}
),

compared as (

    select
        items.mart,
        items.project_id,
        items.source,
        items.file_sha256,
        items.sheet,
        items.row_number,
        items.column_name,
        items.value,
        delivered.source is not null as is_delivered,
        coalesce(list_contains(map_keys(delivered.cells), items.column_name), false) as is_column,
        delivered.cells[items.column_name] as cell
    from items
    left join delivered
        on
            items.source = delivered.source
            and items.file_sha256 = delivered.file_sha256
            and items.sheet is not distinct from delivered.sheet
            and items.row_number = delivered.row_number

),

final as (

    select
        mart,
        project_id,
        source,
        file_sha256,
        sheet,
        row_number,
        column_name,
        value,
        cell
    from compared
    where
        not is_delivered
        or (
            is_column
            and value is distinct from trim(cell)
            -- The marts round to four places.
            and coalesce(
                try_cast(value as decimal(28, 4)) != try_cast(cell as decimal(28, 4)), true
            )
        )

)

select
    mart,
    project_id,
    source,
    file_sha256,
    sheet,
    row_number,
    column_name,
    value,
    cell
from final
