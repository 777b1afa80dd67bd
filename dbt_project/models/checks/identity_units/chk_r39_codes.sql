-- Codes, dates within them, and listed words (checks.md R39).

with

issued as (

    select
        district_code,
        entity_type,
        entity_id,
        project_id,
        uscc,
        reporting_unit,
        told_on,
        source,
        faults,
        codes
    from {{ ref('int_check__issued_code') }}

),

cited as (

    select
        district_code,
        entity_type,
        entity_id,
        project_id,
        uscc,
        reporting_unit,
        told_on,
        source,
        faults,
        len(faults) as codes
    from {{ ref('int_check__cited_code') }}

),

-- A row that was refused for its credit code stands nowhere else: its file answers for it.
refused as (

    select
        district_code,
        'file' as entity_type,
        file_sha256 as entity_id,
        received_on as told_on,
        source,
        [struct_pack(
            column_name := column_name,
            fault := column_name || ':' || reason_code,
            cell := {{ evidence_cell(
                "' || refused.source || '", 'refused', "' || refused.column_name || '",
                'refused.cell_text',
            ) }}
        )] as faults,
        1 as codes
    from {{ ref('quarantine') }} as refused
    where reason_code in ('uscc_alphabet', 'uscc_length', 'precision_lost') and state = 'open'

),

rows_told as (

    select * from issued
    union all by name
    select * from cited
    union all by name
    select * from refused

),

-- Whatever is dated after as_of belongs to its month.
months as (

    select
        *,
        last_day(least(coalesce(told_on, {{ as_of() }}), {{ as_of() }})) as month_end
    from rows_told

),

units as (

    select
        district_code,
        entity_type,
        entity_id,
        month_end,
        any_value(project_id) as project_id,
        any_value(uscc) as uscc,
        any_value(reporting_unit) as reporting_unit,
        sum(codes) as codes,
        flatten(
            list(
                list_transform(
                    faults, lambda f: struct_pack(told_on := told_on, doubt := f)
                )
            )
        ) as faults
    from months
    group by district_code, entity_type, entity_id, month_end

),

doubts as (

    select
        district_code,
        entity_type,
        entity_id,
        month_end,
        unnest(faults) as told
    from units
    where len(faults) > 0

),

-- A code of a division that was retired before the platform existed cannot have been issued by it;
-- an older filing may well carry it.
named as (

    select
        district_code,
        entity_type,
        entity_id,
        month_end,
        struct_extract(told.doubt, 'cell') as cell,
        told.doubt.cell.value as code,
        split_part(told.doubt.fault, ':', 1) as column_name,
        split_part(told.doubt.fault, ':', 2) as fault
    from doubts
    where
        split_part(told.doubt.fault, ':', 2) <> 'retired_division'
        or year(told.told_on) >= {{ check_threshold('R39', 'platform_year') }}

),

worded as (

    select
        *,
        case column_name
            when 'uscc' then '统一社会信用代码'
            when 'payer_uscc' then '付款方统一社会信用代码'
            when 'payee_uscc' then '收款方统一社会信用代码'
            when 'project_code' then '项目代码'
            when 'construction_permit_no' then '施工许可证编号'
            when 'construction_permit_date' then '发证日期'
            when 'land_supervision_no' then '电子监管号'
            when 'industry_code' then '行业代码'
            else column_name
        end as column_zh,
        case fault
            when 'check_digit' then '校验位不符'
            when 'format' then '格式不符'
            when 'month' then '月份不成立'
            when 'date' then '日期不成立'
            when 'letter' then '字母不符'
            when 'unknown' then '分类标准中没有'
            when 'enum_unknown' then '不在可选值内'
            when 'retired_division' then '所含区划代码已停用'
            when 'other_date' then '编号所含日期与发证日期不同'
            when 'uscc_alphabet' then '含有不可用的字符，该行未入库'
            when 'uscc_length' then '长度不符，该行未入库'
            when 'precision_lost' then '位数被表格软件截断，该行未入库'
        end as fault_zh
    from named

),

facts as (

    select
        district_code,
        entity_type,
        entity_id,
        month_end,
        count(*) as doubts,
        list(
            cell
            order by
                struct_extract(cell, 'source'),
                struct_extract(cell, 'file_sha256'),
                struct_extract(cell, 'sheet'),
                struct_extract(cell, 'row_number'),
                column_name,
                fault
        )[:20] as cells,
        string_agg(
            distinct {{ sentence('{} {}：{}', ['column_zh', 'code', 'fault_zh']) }},
            '；' order by {{ sentence('{} {}：{}', ['column_zh', 'code', 'fault_zh']) }}
        ) as facts_zh,
        string_agg(
            distinct {{ sentence('{} {}: {}', ['column_name', 'code', 'fault']) }},
            '; ' order by {{ sentence('{} {}: {}', ['column_name', 'code', 'fault']) }}
        ) as facts_en
    from worded
    group by district_code, entity_type, entity_id, month_end

),

final as (

    select
        units.district_code,
        units.entity_type,
        units.entity_id,
        units.project_id,
        units.uscc,
        units.reporting_unit,
        strftime(units.month_end, '%Y-%m') as period,
        units.month_end as anchor_on,
        case
            when facts.doubts is not null then 'fail'
            when units.codes = 0 then 'na'
            else 'pass'
        end as outcome,
        case when facts.doubts is null and units.codes = 0 then 'no_code' end as na_reason,
        case when facts.doubts is not null then 'flag' end as severity,
        coalesce(facts.doubts, 0) as statistic,
        0 as threshold,
        units.codes as n_used,
        ['old_generation_of_codes', 'late_permit', 'class_with_its_section'] as exemptions_checked,
        coalesce(facts.cells, {{ no_evidence() }}) as evidence,
        facts.facts_zh,
        facts.facts_en,
        {{ sentence(
            '编码的格式、校验位、所含日期和区划应当成立；{} 处不成立', ['facts.doubts'],
        ) }} as relation_zh,
        {{ sentence(
            'shape, check digit, date and division of a code hold; {} do not', ['facts.doubts'],
        ) }} as relation_en
    from units
    left join facts
        on
            units.district_code = facts.district_code
            and units.entity_type = facts.entity_type
            and units.entity_id = facts.entity_id
            and units.month_end = facts.month_end

)

{{ check_answer('final') }}
