with

projects as (

    select
        district_code,
        project_id,
        entity_id,
        signing_row_no,
        signing_date,
        reporting_unit,
        uscc,
        coalesce(is_expansion, false) as is_expansion
    from {{ ref('int_check__project') }}

),

rules as (

    select
        cast({{ check_threshold('R35', 'months_before_completion') }} as integer)
            as months_before_completion,
        cast({{ check_threshold('R35', 'founded_for_months') }} as integer)
            as founded_for_months

),

register as (

    select
        district_code,
        uscc,
        company_registered_date,
        successor_uscc,
        {{ evidence_cell('enterprise', 'enterprise', 'company_registered_date') }}
            as registered_cell
    from {{ ref('int_enterprise__current') }} as enterprise

),

successors as (

    select distinct
        district_code,
        successor_uscc as uscc
    from register
    where successor_uscc is not null

),

completions as (

    select
        district_code,
        signing_row_no,
        is_newly_introduced,
        {{ evidence_cell('completion', 'completion', 'is_newly_introduced') }} as kind_cell
    from {{ ref('int_completion__current') }} as completion

),

first_shown as (

    select
        district_code,
        signing_row_no,
        min(valid_from) as first_shown_on,
        arg_min(
            {{ evidence_cell('completion', 'completion', 'signing_row_no') }}, valid_from
        ) as shown_cell
    from {{ ref('int_completion__history') }} as completion
    group by district_code, signing_row_no

),

recognised as (

    select
        project_id,
        actual_on as completed_on,
        actual_cell as completed_cell
    from {{ ref('int_check__recognition') }}
    where recognition_kind = '竣工'

),

acceptances as (

    select
        project_id,
        max(accepted_on) as accepted_on,
        arg_max(
            {{ evidence_cell(
                'acceptance', 'acceptance', 'actual_completion_date', 'acceptance.accepted_on',
            ) }},
            row(accepted_on, acceptance_record_no)
        ) as accepted_cell
    from {{ ref('fct_acceptance') }} as acceptance
    where project_id is not null
    group by project_id

),

starts as (

    select
        project_id,
        started_on,
        start_cell
    from {{ ref('int_check__start') }}

),

-- The firm's own filings: one that another firm made may well be older than this one.
filings as (

    select
        links.project_id,
        filing.uscc,
        min(filing.filing_date) as filed_on,
        arg_min(
            {{ evidence_cell('filing', 'filing', 'filing_date') }},
            row(filing.filing_date, filing.project_code)
        ) as filing_cell
    from {{ ref('int_filing__current') }} as filing
    inner join {{ ref('int_match__project_code') }} as links
        on
            filing.district_code = links.district_code
            and {{ project_code_key("filing.project_code") }} = links.project_code
    where not filing.is_withdrawn and filing.filing_date <= {{ as_of() }}
    group by links.project_id, filing.uscc

),

measured as (

    select
        projects.district_code,
        projects.project_id,
        projects.entity_id,
        projects.reporting_unit,
        projects.uscc,
        register.company_registered_date as registered_on,
        register.registered_cell,
        completions.is_newly_introduced,
        completions.kind_cell,
        coalesce(recognised.completed_on, acceptances.accepted_on, first_shown.first_shown_on)
            as completed_on,
        case
            when recognised.completed_on is not null then recognised.completed_cell
            when acceptances.accepted_on is not null then acceptances.accepted_cell
            else first_shown.shown_cell
        end as completed_cell,
        filings.filed_on,
        filings.filing_cell,
        starts.started_on,
        starts.start_cell,
        successors.uscc is not null as is_successor,
        projects.signing_date,
        projects.is_expansion,
        rules.months_before_completion,
        rules.founded_for_months
    from projects
    cross join rules
    left join register
        on projects.district_code = register.district_code and projects.uscc = register.uscc
    left join successors
        on projects.district_code = successors.district_code and projects.uscc = successors.uscc
    left join completions
        on
            projects.district_code = completions.district_code
            and projects.signing_row_no = completions.signing_row_no
    left join first_shown
        on
            projects.district_code = first_shown.district_code
            and projects.signing_row_no = first_shown.signing_row_no
    left join recognised on projects.project_id = recognised.project_id
    left join acceptances on projects.project_id = acceptances.project_id
    left join starts on projects.project_id = starts.project_id
    left join filings
        on projects.project_id = filings.project_id and projects.uscc = filings.uscc

),

judged as (

    select
        *,
        case
            when registered_on is null then null
            when is_successor then null
            when registered_on > filed_on then 'after_filing'
            when registered_on > started_on then 'after_start'
            when
                is_newly_introduced = '新建'
                and registered_on + to_months(months_before_completion) < completed_on
                -- No firm is founded for its own expansion.
                and not coalesce(
                    not is_expansion
                    and registered_on >= signing_date - to_months(founded_for_months),
                    false
                )
                then 'stock'
        end as clause
    from measured

),

final as (

    select
        *,
        'project' as entity_type,
        case
            when registered_on is null then 'na'
            when clause is not null then 'fail'
            else 'pass'
        end as outcome,
        case when registered_on is null then 'not_in_the_register' end as na_reason,
        case when clause is not null then 'quarantine' end as severity,
        case clause
            when 'after_filing' then datediff('day', filed_on, registered_on)
            when 'after_start' then datediff('day', started_on, registered_on)
            when 'stock' then datediff('month', registered_on, completed_on)
        end as statistic,
        case clause when 'stock' then months_before_completion else 0 end as threshold,
        case clause
            when 'after_filing' then datediff('day', filed_on, registered_on)
            when 'after_start' then datediff('day', started_on, registered_on)
            when 'stock' then datediff('month', registered_on, completed_on)
        end as observed,
        case
            when clause = 'stock' then months_before_completion
            when clause is not null then 0
        end as expected,
        ['founded_for_the_project', 'successor', 'corrected_date'] as exemptions_checked,
        case clause
            when 'after_filing' then [registered_cell, filing_cell]
            when 'after_start' then [registered_cell, start_cell]
            when 'stock' then [registered_cell, kind_cell, completed_cell]
            else {{ no_evidence() }}
        end as evidence,
        case clause
            when 'after_filing'
                then {{ sentence(
                    '企业 {} 成立，备案在 {}', ['registered_on', 'filed_on'],
                ) }}
            when 'after_start'
                then {{ sentence(
                    '企业 {} 成立，开工在 {}', ['registered_on', 'started_on'],
                ) }}
            else {{ sentence(
                '企业 {} 成立，项目 {} 竣工，计为{}',
                ['registered_on', 'completed_on', 'is_newly_introduced'],
            ) }}
        end as facts_zh,
        case clause
            when 'after_filing'
                then {{ sentence(
                    'the firm was registered on {}, its filing is of {}',
                    ['registered_on', 'filed_on'],
                ) }}
            when 'after_start'
                then {{ sentence(
                    'the firm was registered on {}, its works began on {}',
                    ['registered_on', 'started_on'],
                ) }}
            else {{ sentence(
                'the firm was registered on {}, completed on {} and is counted as new ({})',
                ['registered_on', 'completed_on', 'is_newly_introduced'],
            ) }}
        end as facts_en,
        case clause
            when 'after_filing'
                then {{ sentence(
                    '企业先成立、后备案；晚 {} 天', ["datediff('day', filed_on, registered_on)"],
                ) }}
            when 'after_start'
                then {{ sentence(
                    '企业先成立、后开工；晚 {} 天', ["datediff('day', started_on, registered_on)"],
                ) }}
            else {{ sentence(
                '计为新建的企业在竣工前 {} 个月内成立，或为本项目设立；实际 {} 个月',
                ['months_before_completion', "datediff('month', registered_on, completed_on)"],
            ) }}
        end as relation_zh,
        case clause
            when 'after_filing'
                then {{ sentence(
                    'a firm exists before it files; it is {} days younger',
                    ["datediff('day', filed_on, registered_on)"],
                ) }}
            when 'after_start'
                then {{ sentence(
                    'a firm exists before it builds; it is {} days younger',
                    ["datediff('day', started_on, registered_on)"],
                ) }}
            else {{ sentence(
                'a new firm is at most {} months old at completion; it is {}',
                ['months_before_completion', "datediff('month', registered_on, completed_on)"],
            ) }}
        end as relation_en
    from judged

)

{{ check_answer('final') }}
