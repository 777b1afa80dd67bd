with

drops as (

    select
        source,
        district_code,
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

landed as (

    select
        source,
        district_code,
        count(*) as files,
        sum(rows_read) as rows_read,
        sum(rows_accepted) as rows_accepted,
        sum(rows_quarantined) as rows_quarantined,
        sum(rows_control) + sum(rows_ignored) as rows_no_data,
        sum(money_read) as money_read,
        sum(money_accepted) as money_accepted,
        sum(money_quarantined) as money_quarantined
    from drops
    group by source, district_code

),

accepted as (
    {% for source_name in facts_of_sources() %}
        {{ accepted_of_source(source_name) | indent(4) }}
        {% if not loop.last %}
            union all
        {% endif %}
    {%- endfor %}
),

final as (

    select
        coalesce(landed.source, accepted.source) as source,
        coalesce(landed.district_code, accepted.district_code) as district_code,
        cast(coalesce(landed.files, 0) as bigint) as files,
        cast(coalesce(landed.rows_read, 0) as bigint) as rows_read,
        cast(coalesce(landed.rows_no_data, 0) as bigint) as rows_no_data,
        cast(coalesce(landed.rows_quarantined, 0) as bigint) as rows_quarantined,
        cast(coalesce(landed.rows_accepted, 0) as bigint) as rows_accepted,
        cast(landed.money_read as decimal(38, 6)) as money_read,
        cast(landed.money_quarantined as decimal(38, 6)) as money_quarantined,
        cast(landed.money_accepted as decimal(38, 6)) as money_accepted,
        accepted.fact,
        accepted.amount_column,
        cast(accepted.rows_stated as bigint) as rows_stated,
        cast(accepted.rows_superseded as bigint) as rows_superseded,
        cast(accepted.rows_after_as_of as bigint) as rows_after_as_of,
        cast(accepted.rows_in_fact as bigint) as rows_in_fact,
        cast(accepted.fact_rows as bigint) as fact_rows,
        cast(accepted.amount_stated as decimal(38, 6)) as amount_stated,
        cast(accepted.amount_superseded as decimal(38, 6)) as amount_superseded,
        cast(accepted.amount_after_as_of as decimal(38, 6)) as amount_after_as_of,
        cast(accepted.amount_carried as decimal(38, 6)) as amount_carried,
        cast(accepted.fact_amount as decimal(38, 6)) as fact_amount
    from landed
    full outer join accepted
        on
            landed.source = accepted.source
            and landed.district_code = accepted.district_code

)

select
    source,
    district_code,
    files,
    rows_read,
    rows_no_data,
    rows_quarantined,
    rows_accepted,
    money_read,
    money_quarantined,
    money_accepted,
    fact,
    amount_column,
    rows_stated,
    rows_superseded,
    rows_after_as_of,
    rows_in_fact,
    fact_rows,
    amount_stated,
    amount_superseded,
    amount_after_as_of,
    amount_carried,
    fact_amount
from final
