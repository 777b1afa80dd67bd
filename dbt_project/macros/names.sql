{# One spelling for names and codes before they are compared (domain.md 1.3 and 1.6). These are spellings,
   not metrics: how alike two names are is measured by rapidfuzz in int_match__similarity. #}

{# NFC (which also folds the compatibility ideographs), the full-width forms of ASCII to half width, no
   space or zero-width character anywhere, upper case: what NFKC changes in names and codes. #}
{% macro folded(text) -%}
    upper(regexp_replace(
        translate(
            nfc_normalize({{ text }}),
            '！＂＃＄％＆＇（）＊＋，－．／０１２３４５６７８９：；＜＝＞？＠ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺ［＼］＾＿｀ａｂｃｄｅｆｇｈｉｊｋｌｍｎｏｐｑｒｓｔｕｖｗｘｙｚ｛｜｝～',
            '!"#$%&''()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\]^_`abcdefghijklmnopqrstuvwxyz{|}~'
        ),
        '[\s\p{Z}\p{Cf}]', '', 'g'
    ))
{%- endmacro %}

{# A project's name, or the number of a permit, a parcel or a supervision, as a key: 〔〕【】[] are (). #}
{% macro text_key(text) -%}
    nullif(translate({{ folded(text) }}, '〔〕【】[]', '()()()'), '')
{%- endmacro %}

{# A company's name as a key: a trailing 等 goes. Nothing else is dropped: 泰州市姜堰区X, 姜堰市X and 江苏X are
   different firms. #}
{% macro company_key(text) -%}
    nullif(regexp_replace({{ text_key(text) }}, '等$', ''), '')
{%- endmacro %}

{# 一期, 2期, A区 …: two names with different phases are two projects, however alike they are. #}
{% macro phase_token(name_key) -%}
    nullif(translate(
        regexp_extract({{ name_key }}, '[一二三四五六七八九十0-9]+期|[A-Z]区'),
        '一二三四五六七八九', '123456789'
    ), '')
{%- endmacro %}

{# 2104-321204-04-05-506446, whatever hyphens it came with. A text that is no 20-digit code stays as it is. #}
{% macro project_code_key(text) -%}
    nullif(
        regexp_replace(
            regexp_replace(
                translate({{ folded(text) }}, '‐‑‒–—―−﹣─', '---------'),
                '#+$', ''
            ),
            '^(\d{4})-?(\d{6})-?(\d{2})-?(\d{2})-?(\d{6})$', '\1-\2-\3-\4-\5'
        ),
        ''
    )
{%- endmacro %}

{# C34, 3411, C3411, 34-通用设备 -> the digits (or the section letter where there are none). #}
{% macro industry_key(text) -%}
    coalesce(
        nullif(regexp_extract({{ folded(text) }}, '^[A-T]?(\d{2,4})', 1), ''),
        nullif(regexp_extract({{ folded(text) }}, '^([A-T])', 1), '')
    )
{%- endmacro %}
