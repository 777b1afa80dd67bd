{# What the checks of duplicates read out of a project's name. #}

{# 一期, A区, 3号楼, 二组团 …, in order: projects of one plan that are told apart. #}
{% macro phase_tokens(name_key) -%}
    list_sort(list_transform(
        regexp_extract_all(
            {{ name_key }},
            '(?:[一二三四五六七八九十0-9]+|首)期|[A-Z东南西北]区|[一二三四五六七八九十0-9]+(?:号楼|组团|标段)'
        ),
        lambda t : translate(t, '首一二三四五六七八九', '1123456789')
    ))
{%- endmacro %}

{# Two names of one plan with different phases. A name without a token is the first phase beside a later one. #}
{% macro are_other_phases(tokens, other_tokens) -%}
    (
        {{ tokens }} <> {{ other_tokens }}
        and not coalesce(
            len({{ tokens }}) = 0 and regexp_matches({{ other_tokens }}[1], '^[1A][^0-9十]'), false
        )
        and not coalesce(
            len({{ other_tokens }}) = 0 and regexp_matches({{ tokens }}[1], '^[1A][^0-9十]'), false
        )
    )
{%- endmacro %}

{# A name without its phases and the words that nearly every project's name has. #}
{% macro name_core(name_key) -%}
    regexp_replace(
        {{ name_key }},
        '(?:[一二三四五六七八九十0-9]+|首)期|[A-Z东南西北]区|[一二三四五六七八九十0-9]+(?:号楼|组团|标段)'
        || '|项目|建设|工程|有限公司|[()]',
        '', 'g'
    )
{%- endmacro %}

{# Level of a comparison -> log2 of the likelihood ratio in force on as_of (seed linkage_weight). #}
{% macro linkage_weight(field, level) -%}
    (
        select arg_max(w.weight, w.effective_from)
        from {{ ref('linkage_weight') }} as w
        where
            w.field = '{{ field }}'
            and w.level = {{ level }}
            and w.effective_from <= {{ as_of() }}
    )
{%- endmacro %}
