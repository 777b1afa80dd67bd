{# Conservation in count and money: what was read lies in raw or in quarantine, what was accepted stands in a fact
   or something else took its place. #}

{# The facts that hold the rows of a source: table, the amount that is added up, the same in the fact (exact,
   in the unit of the source), and the day on which a row happened. #}
{% macro facts_of_sources() %}
    {{ return({
        "fai": ["fct_investment_month", "investment_month", "investment_month", "stat_period"],
        "tax": ["fct_tax", "tax_paid", "tax_paid_yuan * 0.0001", "coalesce(tax_treasury_date, stat_period)"],
        "sales": ["fct_sales_month", "invoiced_sales", "invoiced_sales", "stat_period"],
        "output": ["fct_output_month", "output_value", "output_value", "stat_period"],
        "power": ["fct_power_month", "power_kwh", "power_kwh", "stat_period"],
        "social": ["fct_insured_month", "insured_headcount", "insured_headcount", "stat_period"],
        "payment": ["fct_payment", "amount", "amount_yuan * 0.0001", "coalesce(cast(paid_at as date), received_on)"],
        "land": ["fct_land", "land_price", "land_price", "coalesce(contract_sign_date, received_on)"],
        "permit": ["fct_permit", "contract_amount", "contract_amount", "coalesce(construction_permit_date, received_on)"],
        "acceptance": ["fct_acceptance", "actual_cost", "actual_cost", "coalesce(actual_completion_date, received_on)"],
        "milestone": ["fct_milestone", none, none, none],
        "target": ["fct_target", none, none, none],
    }) }}
{% endmacro %}

{# One row a district: what became of the accepted rows of a source, and what its fact holds. #}
{% macro accepted_of_source(source_name) -%}
    {%- set table, amount, fact_amount, day = facts_of_sources()[source_name] -%}
    {%- set lineage = ["district_code", "received_on", "file_sha256", "sheet", "row_number"] -%}
    select
        '{{ source_name }}' as source,
        '{{ table }}' as fact,
        {{ "'" ~ amount ~ "'" if amount else "cast(null as varchar)" }} as amount_column,
        stated.district_code,
        stated.rows_stated,
        stated.rows_superseded,
        stated.rows_after_as_of,
        stated.rows_in_fact,
        stated.amount_stated,
        stated.amount_superseded,
        stated.amount_after_as_of,
        stated.amount_carried,
        coalesce(facts.fact_rows, 0) as fact_rows,
        {{ "coalesce(facts.fact_amount, 0)" if amount else "null" }} as fact_amount
    from (
        select
            stated.district_code,
            count(*) as rows_stated,
            count(*) filter (where standing.row_number is null) as rows_superseded,
            count(*) filter (
                where standing.row_number is not null and facts.row_number is null
                and {{ "stated.happened_on > " ~ as_of() if day else "false" }}
            ) as rows_after_as_of,
            count(*) filter (where facts.row_number is not null) as rows_in_fact,
            {%- if amount %}
            coalesce(sum(stated.amount), 0) as amount_stated,
            coalesce(sum(stated.amount) filter (where standing.row_number is null), 0) as amount_superseded,
            coalesce(sum(stated.amount) filter (
                where standing.row_number is not null and facts.row_number is null
                and stated.happened_on > {{ as_of() }}
            ), 0) as amount_after_as_of,
            coalesce(sum(stated.amount) filter (where facts.row_number is not null), 0) as amount_carried
            {%- else %}
            null as amount_stated,
            null as amount_superseded,
            null as amount_after_as_of,
            null as amount_carried
            {%- endif %}
        from (
            select
                {{ column_list(lineage, indent=16) }},
                {{ amount or "null" }} as amount,
                {{ day or "null" }} as happened_on
            from {{ ref('stg_' ~ source_name) }}
        ) as stated
        left join {{ ref('int_' ~ source_name ~ '__current') }} as standing
            on {{ same_key("stated", "standing", lineage) }}
        left join {{ ref(table) }} as facts
            on {{ same_key("stated", "facts", lineage) }}
        group by stated.district_code
    ) as stated
    left join (
        select
            district_code,
            count(*) as fact_rows,
            {{ "cast(sum(" ~ fact_amount ~ ") as decimal(38, 6))" if amount else "null" }} as fact_amount
        from {{ ref(table) }}
        group by district_code
    ) as facts on stated.district_code = facts.district_code
{%- endmacro %}

{# The files whose rows or money in raw and in quarantine are not those of the load log, or do not add up. #}
{% macro landed_rows_lost() -%}
with

landed as (

    select
        source,
        district_code,
        received_on,
        file_name,
        file_sha256,
        rows_read,
        rows_accepted,
        rows_quarantined,
        rows_control,
        rows_ignored,
        money_read,
        money_accepted,
        money_quarantined
    from {{ ref('stg_load_log') }}
    where status = 'loaded'

),

accepted as (
    {% for source_name in contract_sources() %}
    {%- set money = contract(source_name).money %}
    select
        '{{ source_name }}' as source,
        district_code,
        received_on,
        file_name,
        file_sha256,
        count(*) as row_count,
        cast(sum(
            {%- for name in money %}
            coalesce({{ name }}, 0){{ " +" if not loop.last }}
            {%- else %}
            0
            {%- endfor %}
        ) as decimal(38, 6)) as money
    from {{ source('raw', source_name) }}
    where received_on <= {{ known_on() }}
    group by district_code, received_on, file_name, file_sha256
    {% if not loop.last %}
    union all
    {% endif %}
    {%- endfor %}
),

quarantined_rows as (

    select
        source,
        district_code,
        received_on,
        file_sha256,
        sheet,
        row_number,
        max(money) as money
    from {{ ref('stg_quarantine') }}
    group by source, district_code, received_on, file_sha256, sheet, row_number

),

quarantined as (

    select
        source,
        district_code,
        received_on,
        file_sha256,
        count(*) as row_count,
        coalesce(sum(money), 0) as money
    from quarantined_rows
    group by source, district_code, received_on, file_sha256

),

final as (

    select
        landed.source,
        landed.received_on,
        landed.file_name,
        landed.rows_read,
        landed.rows_accepted,
        accepted.row_count as rows_in_raw,
        landed.rows_quarantined,
        quarantined.row_count as rows_in_quarantine,
        landed.money_read,
        landed.money_accepted,
        accepted.money as money_in_raw,
        landed.money_quarantined,
        quarantined.money as money_in_quarantine
    from landed
    left join accepted
        on {{ same_key("landed", "accepted", ["source", "district_code", "received_on", "file_name", "file_sha256"]) }}
    left join quarantined
        on {{ same_key("landed", "quarantined", ["source", "district_code", "received_on", "file_sha256"]) }}
    where
        landed.rows_read
        <> landed.rows_accepted + landed.rows_quarantined + landed.rows_control + landed.rows_ignored
        or landed.money_read <> landed.money_accepted + landed.money_quarantined
        or landed.rows_accepted <> coalesce(accepted.row_count, 0)
        or landed.money_accepted <> coalesce(accepted.money, 0)
        or landed.rows_quarantined <> coalesce(quarantined.row_count, 0)
        or landed.money_quarantined <> coalesce(quarantined.money, 0)

)

select
    source,
    received_on,
    file_name,
    rows_read,
    rows_accepted,
    rows_in_raw,
    rows_quarantined,
    rows_in_quarantine,
    money_read,
    money_accepted,
    money_in_raw,
    money_quarantined,
    money_in_quarantine
from final
{%- endmacro %}
