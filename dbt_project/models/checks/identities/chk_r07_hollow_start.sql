with

projects as (

    select
        district_code,
        project_id,
        entity_id,
        uscc,
        reporting_unit,
        is_in_ledger,
        is_leased
    from {{ ref('int_check__project') }}

),

starts as (

    select
        project_id,
        started_on,
        start_cell,
        permitted_on is not null as has_permit,
        contracted_on is not null as has_land
    from {{ ref('int_check__start') }}

),

latest_investment as (

    select
        project_id,
        investment_cum,
        planned_investment,
        cum_cells,
        plan_cells
    from {{ ref('int_check__investment') }}
    qualify row_number() over (partition by project_id order by stat_period desc) = 1

),

equipment_only as (

    select
        project_id,
        bool_or(is_equipment_only) as is_equipment_only
    from {{ ref('int_check__investment') }}
    group by project_id

),

coverage as (

    select
        project_id,
        is_covered
    from {{ ref('int_check__payment_month') }}
    qualify row_number() over (partition by project_id order by stat_period desc) = 1

),

payments as (

    select
        project_id,
        bool_or(purpose = '土建') as pays_builder,
        bool_or(contract_no is not null) as has_contract
    from {{ ref('fct_payment') }}
    where project_id is not null
    group by project_id

),

power as (

    select
        starts.project_id,
        bool_or(power.power_kwh > 0) as uses_power
    from starts
    inner join projects on starts.project_id = projects.project_id
    inner join {{ ref('fct_power_month') }} as power
        on
            projects.district_code = power.district_code
            and projects.uscc = power.uscc
            and last_day(starts.started_on) <= power.stat_period
    group by starts.project_id

),

power_delivered as (

    select
        district_code,
        max(stat_period) as last_month
    from {{ ref('fct_power_month') }}
    group by district_code

),

-- A witness is asked where its source was delivered and the kind of project needs it.
witnesses as (

    select
        projects.district_code,
        projects.project_id,
        projects.entity_id,
        projects.uscc,
        projects.reporting_unit,
        starts.started_on,
        starts.start_cell,
        latest_investment.investment_cum,
        latest_investment.planned_investment,
        latest_investment.cum_cells,
        latest_investment.plan_cells,
        [
            case
                when not projects.is_leased
                    then struct_pack(name := 'construction_permit', stands := starts.has_permit)
            end,
            case
                when projects.is_in_ledger
                    then struct_pack(
                        name := 'land_or_lease',
                        stands := starts.has_land or projects.is_leased
                    )
            end,
            case
                when projects.uscc is not null and power_delivered.last_month >= starts.started_on
                    then struct_pack(
                        name := 'power', stands := coalesce(power.uses_power, false)
                    )
            end,
            case
                when
                    projects.is_in_ledger
                    and coverage.is_covered
                    and not coalesce(equipment_only.is_equipment_only, false)
                    then struct_pack(
                        name := 'payment_to_builder',
                        stands := coalesce(payments.pays_builder, false)
                    )
            end,
            case
                when projects.is_in_ledger and coverage.is_covered
                    then struct_pack(
                        name := 'contract', stands := coalesce(payments.has_contract, false)
                    )
            end
        ] as asked
    from projects
    inner join starts on projects.project_id = starts.project_id
    left join latest_investment on projects.project_id = latest_investment.project_id
    left join equipment_only on projects.project_id = equipment_only.project_id
    left join coverage on projects.project_id = coverage.project_id
    left join payments on projects.project_id = payments.project_id
    left join power on projects.project_id = power.project_id
    left join power_delivered on projects.district_code = power_delivered.district_code

),

applicable_witnesses as (

    select
        * exclude (asked),
        list_filter(asked, lambda w: w is not null) as witnesses
    from witnesses

),

counted as (

    select
        *,
        len(witnesses) as applicable,
        len(list_filter(witnesses, lambda w: struct_extract(w, 'stands'))) as standing,
        array_to_string(
            list_transform(witnesses, lambda w: struct_extract(w, 'name')), ', '
        ) as names,
        started_on + to_months(cast({{ check_threshold('R07', 'months_after_start') }} as integer))
        <= {{ as_of() }}
        and investment_cum
        >= planned_investment * {{ check_threshold('R07', 'invested_share') }} as is_advanced
    from applicable_witnesses

),

judged as (

    select
        *,
        case
            when started_on is null then 'na'
            when not coalesce(is_advanced, false) then 'pass'
            when applicable < {{ check_threshold('R07', 'least_applicable') }} then 'na'
            when standing = 0 then 'fail'
            when standing = 1 and applicable >= {{ check_threshold('R07', 'flag_applicable') }}
                then 'fail'
            else 'pass'
        end as outcome,
        case
            when started_on is null then 'no_start'
            when applicable < {{ check_threshold('R07', 'least_applicable') }} then 'few_witnesses'
        end as na_reason
    from counted

),

final as (

    select
        * exclude (na_reason),
        'project' as entity_type,
        case when outcome = 'na' then na_reason end as na_reason,
        case
            when outcome <> 'fail' then null
            when standing = 0 then 'quarantine'
            else 'flag'
        end as severity,
        standing as statistic,
        1 as threshold,
        standing as observed,
        applicable as expected,
        applicable as n_used,
        ['source_delivered', 'kind_of_project', 'board_coverage'] as exemptions_checked,
        case
            when outcome = 'fail'
                then list_concat([start_cell], list_concat(cum_cells, plan_cells))
            else {{ no_evidence() }}
        end as evidence,
        {{ sentence(
            '{} 开工，自开始累计完成 {} 万元（计划 {} 万元）；应有的 {} 项旁证（{}）中只有 {} 项',
            ['started_on', 'investment_cum', 'planned_investment', 'applicable', 'names', 'standing'],
        ) }} as facts_zh,
        {{ sentence(
            'started {}, cumulative {} of a plan of {}; of {} witnesses that apply ({}) {} stand',
            ['started_on', 'investment_cum', 'planned_investment', 'applicable', 'names', 'standing'],
        ) }} as facts_en,
        '开工半年且投资过两成的项目，许可、用地、用电、工程款、合同至少有两项' as relation_zh,
        'half a year and a fifth of the plan in, at least two witnesses of works exist'
            as relation_en
    from judged

)

{{ check_answer('final') }}
