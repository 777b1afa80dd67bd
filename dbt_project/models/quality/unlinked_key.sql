with

keys as (

    select
        district_code,
        source,
        key_kind,
        key_value,
        company_name,
        project_name,
        reason_code,
        candidate_count,
        best_candidate,
        best_similarity,
        received_on,
        file_sha256,
        sheet,
        row_number
    from {{ ref('int_unlinked_key') }}

),

final as (

    select
        district_code,
        source,
        key_kind,
        key_value,
        company_name,
        project_name,
        reason_code,
        case reason_code
            when 'no_candidate' then '没有同一企业的项目'
            when 'firm_unknown' then '户名不对应任何已知企业'
            when 'ambiguous' then '同一企业有几个项目，名称分不出是哪一个'
            when 'not_alike' then '同一企业有项目，但名称不像'
            when 'row_has_code' then '名称相符的台账项目已有自己的项目代码'
            when 'phase_differs' then '同一企业有相近名称的项目，但期次不同'
            when 'permit_unknown' then '没有收到过这个施工许可证'
            when 'row_unknown' then '台账里从来没有这个项目编号'
            when 'unlinked_by_decision' then '由人认定不属于原来匹配的项目'
        end as reason_zh,
        case reason_code
            when 'no_candidate' then 'no project of the same firm'
            when 'firm_unknown' then 'the account name belongs to no known firm'
            when 'ambiguous' then 'the firm has several projects and the names do not tell which'
            when 'not_alike' then 'the firm has a project, but under a name that is not alike'
            when 'row_has_code' then 'the ledger row of that name has a project code of its own'
            when
                'phase_differs'
                then 'the firm has a project of an alike name, but of another phase'
            when 'permit_unknown' then 'no delivery has this construction permit'
            when 'row_unknown' then 'the ledger never had this row number'
            when
                'unlinked_by_decision'
                then 'a person decided that it does not belong where it was linked'
        end as reason_en,
        cast(candidate_count as bigint) as candidate_count,
        best_candidate,
        best_similarity,
        received_on,
        file_sha256,
        sheet,
        row_number
    from keys

)

select
    district_code,
    source,
    key_kind,
    key_value,
    company_name,
    project_name,
    reason_code,
    reason_zh,
    reason_en,
    candidate_count,
    best_candidate,
    best_similarity,
    received_on,
    file_sha256,
    sheet,
    row_number
from final
