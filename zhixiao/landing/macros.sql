-- The cell grammar of sources.md section 5, as DuckDB macros. Each is one rule; cells.py puts them together.

-- Full-width forms to half width. Two strings of equal length: U+FF01..U+FF5E and the ideographic space.
create or replace temp macro zx_half(s) as translate(
    s,
    '！＂＃＄％＆＇（）＊＋，－．／０１２３４５６７８９：；＜＝＞？＠ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺ［＼］＾＿｀ａｂｃｄｅｆｇｈｉｊｋｌｍｎｏｐｑｒｓｔｕｖｗｘｙｚ｛｜｝～　−',
    '!"#$%&''()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\]^_`abcdefghijklmnopqrstuvwxyz{|}~ -'
);

-- White space and invisible characters around a cell.
-- Measured: the set trim costs ten times the look at both ends that most cells pass.
create or replace temp macro zx_trim(s) as case
    when s < '!' or ({{starts_blank}}) or {{ends_blank}} then trim(s, '{{blanks}}')
    else s
end;

-- A trimmed cell, null where the department wrote one of the marks for "nothing".
-- (One search in a text: a list of eighteen literals costs more to prepare than a small file to read.)
create or replace temp macro zx_null(t) as case
    when (t < '0' or t > ':') and strlen(t) <= 9 and contains(
        '		/	-	—	--	——	－	／	无	N/A	n/a	#N/A	未披露	Nah	NULL	null	', '	' || t || '	'
    ) then null
    when starts_with(t, '190') and (starts_with(t, '1900年') or t = '1901年01月02日' or t = '1901年1月2日') then null
    else t
end;

-- Text: line breaks inside a cell are the form's, not the name's.
create or replace temp macro zx_text(t) as case
    when contains(t, e'\r') or contains(t, e'\n') or contains(t, e'\t')
        then replace(replace(replace(t, e'\r', ''), e'\n', ''), e'\t', '')
    else t
end;

-- A code: half width, no blanks of any kind inside.
create or replace temp macro zx_code(t) as case
    when regexp_full_match(t, '[!-~]+') then t
    else regexp_replace(
        zx_half(t), '[\s\x{00a0}\x{200b}\x{200c}\x{200d}\x{2060}\x{feff}\x{00ad}]', '', 'g'
    )
end;

-- GB 32100-2015: the check character of an 18-character credit code.
create or replace temp macro zx_uscc_ok(n) as (
    (
        list_sum(list_transform(
            range(1, 18),
            lambda i: (strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substring(n, i, 1)) - 1)
            * ([1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28])[i]
        ))
        + strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substring(n, 18, 1)) - 1
    ) % 31 = 0
);

-- GB 11643: the check character of an 18-character identity number.
create or replace temp macro zx_identity_ok(n) as (
    regexp_full_match(n, '\d{17}[\dX]')
    and substring('10X98765432', (
        list_sum(list_transform(
            range(1, 18),
            lambda i: try_cast(substring(n, i, 1) as integer)
            * ([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2])[i]
        )) % 11
    )::bigint + 1, 1) = substring(n, 18, 1)
);

create or replace temp macro zx_birth_ok(n) as (
    try_cast(
        substring(n, 7, 4) || '-' || substring(n, 11, 2) || '-' || substring(n, 13, 2) as date
    ) between date '1900-01-01' and date '2026-12-31'
);

-- sources.md section 1: identity numbers and what tax offices make of them (17 and 20 characters).
create or replace temp macro zx_is_personal_id(n) as case
    -- The birth date first: it is cheap, and few codes have one.
    when substring(n, 7, 2) not in ('19', '20') or length(n) not in (17, 18, 20) then false
    when not coalesce(zx_birth_ok(n), false) or not regexp_matches(n, '^[1-9]\d{16}') then false
    when length(n) = 17 then true
    when length(n) = 18
        then coalesce(zx_identity_ok(n) and not (regexp_matches(n, '^9[123]') and zx_uscc_ok(n)), false)
    else regexp_full_match(substring(n, 1, 18), '\d{17}[\dX]')
end;

-- Dates. The pieces of a text as (year, month, day, precision); d is null where no such day exists.
create or replace temp macro zx_day(y, m, d, p) as {
    'd': try_cast(y || '-' || m || '-' || d as date),
    'p': p,
};
create or replace temp macro zx_month(y, m, p) as {
    'd': last_day(try_cast(y || '-' || m || '-01' as date)),
    'p': p,
};
create or replace temp macro zx_date_text(t) as (
    case when contains(t, '年') then regexp_replace(zx_half(t), '\s', '', 'g') else zx_half(t) end
);
create or replace temp macro zx_date_of(x, serial_base) as case
    when regexp_full_match(x, '\d{4}[-./年]\d{1,2}[-./月]\d{1,2}[日号]?([ T]*\d{1,2}[:时][\d:.分秒Z+ ]*)?')
        then zx_day(
            substring(x, 1, 4),
            regexp_extract(x, '^\d{4}.(\d{1,2})', 1),
            regexp_extract(x, '^\d{4}.\d{1,2}.(\d{1,2})', 1),
            'day'
        )
    when regexp_full_match(x, '\d{8}')
        then zx_day(substring(x, 1, 4), substring(x, 5, 2), substring(x, 7, 2), 'day')
    when regexp_full_match(x, '\d{14}')
        then zx_day(substring(x, 1, 4), substring(x, 5, 2), substring(x, 7, 2), 'day')
    when regexp_full_match(x, '\d{5}(\.\d+)?')
        then {'d': serial_base + try_cast(floor(try_cast(x as double)) as integer), 'p': 'day'}
    when regexp_full_match(x, '\d{12,13}')
        -- Epoch milliseconds are midnight in Asia/Shanghai: read as UTC they give the day before.
        then {'d': cast(make_timestamp((try_cast(x as bigint) + 28800000) * 1000) as date), 'p': 'day'}
    when regexp_full_match(x, '\d{4}[-./年]\d{1,2}月?份?[底末]?')
        then zx_month(substring(x, 1, 4), regexp_extract(x, '^\d{4}.(\d{1,2})', 1), 'month')
    when regexp_full_match(x, '\d{6}')
        then zx_month(substring(x, 1, 4), substring(x, 5, 2), 'month')
    when regexp_full_match(x, '\d{4}年?第?[一二三四1-4]季度?[底末]?')
        then zx_month(
            substring(x, 1, 4),
            cast(
                3 * ((strpos('一二三四1234', regexp_extract(x, '([一二三四1-4])季', 1)) - 1) % 4 + 1) as varchar
            ),
            'quarter'
        )
    when regexp_full_match(x, '\d{4}年?[上下]半年')
        then zx_month(substring(x, 1, 4), case when contains(x, '上') then '6' else '12' end, 'half')
    when regexp_full_match(x, '\d{4}(年|年度|年底|年末)?')
        then zx_day(substring(x, 1, 4), '12', '31', 'year')
end;

-- A month that is reported; `2025年1-2月` is February, which holds January.
create or replace temp macro zx_period_of(x, serial_base) as case
    when regexp_full_match(x, '\d{4}[-./年]?\d{1,2}月?[-—~至到]\d{1,2}月份?')
        then last_day(try_cast(
            substring(x, 1, 4) || '-' || regexp_extract(x, '[-—~至到](\d{1,2})月份?$', 1) || '-01' as date
        ))
    when zx_date_of(x, serial_base).p in ('day', 'month') then last_day(zx_date_of(x, serial_base).d)
end;

create or replace temp macro zx_timestamp_of(x, serial_base) as case
    when regexp_full_match(x, '\d{5}\.\d+')
        then cast(serial_base + try_cast(floor(try_cast(x as double)) as integer) as timestamp)
        + to_seconds(try_cast(round((try_cast(x as double) - floor(try_cast(x as double))) * 86400) as bigint))
    when regexp_full_match(x, '\d{12,13}')
        then make_timestamp((try_cast(x as bigint) + 28800000) * 1000)
    when regexp_full_match(x, '\d{14}') then try_strptime(x, '%Y%m%d%H%M%S')
    when zx_date_of(x, serial_base).p = 'day'
        then case
            when regexp_matches(x, '\d{1,2}[:时]\d{1,2}')
                then cast(zx_date_of(x, serial_base).d as date) + try_cast(
                    regexp_extract(x, '(\d{1,2})[:时]', 1) || ':'
                    || regexp_extract(x, '[:时](\d{1,2})', 1) || ':'
                    || coalesce(nullif(regexp_extract(x, '[:时]\d{1,2}[:分](\d{1,2})', 1), ''), '00')
                    as time
                )
            else cast(zx_date_of(x, serial_base).d as timestamp)
        end
end;

-- Numbers: full width, thousands separators, currency signs and blanks are taken away.
create or replace temp macro zx_number_text(t) as (
    regexp_replace(
        regexp_replace(zx_half(t), '[\s¥￥\x{00a0}\x{200b}\x{feff}]', '', 'g'),
        '^([^\d,]*\d{1,3})((?:,\d{3})+)(\D.*)?$',
        '\1@\2@\3'
    )
);
create or replace temp macro zx_without_thousands(x) as case
    when contains(x, '@')
        then split_part(x, '@', 1) || replace(split_part(x, '@', 2), ',', '') || split_part(x, '@', 3)
    else x
end;

-- Phones, identity numbers and e-mail addresses never pass the door in free text.
create or replace temp macro zx_mask_once(t) as regexp_replace(
    regexp_replace(
        t,
        '(^|[^\dA-Za-z])[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx]($|[^\dA-Za-z])',
        '\1[身份证号已删除]\2',
        'g'
    ),
    '(^|\D)(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}($|\D)',
    '\1[电话已删除]\2',
    'g'
);
-- Twice: one blank between two numbers is the end of the first, and only then the beginning of the second.
create or replace temp macro zx_mask_all(t) as regexp_replace(
    zx_mask_once(zx_mask_once(t)), '[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}', '[邮箱已删除]', 'g'
);
create or replace temp macro zx_mask(t) as case
    -- Measured: the search for single characters costs a fifth of the expression behind it.
    when not (
        contains(t, '1') or contains(t, '0') or contains(t, '@') or contains(t, '１') or contains(t, '０')
    ) then t
    when not regexp_matches(t, '[\d０-９][\d０-９ -]{9}|@') then t
    -- Eighteen digits alone are a permit as often as a person: the check character tells.
    when regexp_full_match(t, '\d{17}[\dXx]')
        then case when zx_is_personal_id(upper(t)) then '[身份证号已删除]' else t end
    when regexp_matches(t, '[０-９]{11}') then zx_mask_all(translate(t, '０１２３４５６７８９', '0123456789'))
    else zx_mask_all(t)
end;
-- The same as a look that prepares no expression: ten digits, or an address.
create or replace temp macro zx_may_hold_person(t) as (
    length(t) - length(translate(t, '0123456789０１２３４５６７８９', '')) >= 10 or contains(t, '@')
);
-- A whole cell that is about a person: a mobile number with whatever beside it, or an identity number.
create or replace temp macro zx_is_person(t) as (
    zx_may_hold_person(t) and (
        regexp_matches(zx_half(t), '(^|\D)(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}($|\D)')
        or zx_is_personal_id(upper(zx_code(t)))
    )
);

-- Project codes: hyphens of any kind, a trailing #, hyphens left out; several codes in one cell stay a list.
create or replace temp macro zx_project_code(x) as case
    when regexp_full_match(x, '\d{20}')
        then substring(x, 1, 4) || '-' || substring(x, 5, 6) || '-' || substring(x, 11, 2) || '-'
        || substring(x, 13, 2) || '-' || substring(x, 15, 6)
    else x
end;
create or replace temp macro zx_project_codes(t) as case
    when regexp_full_match(t, '\d{4}-\d{6}-\d{2}-\d{2}-\d{6}') then t
    else array_to_string(
        list_transform(
            list_filter(
                string_split_regex(
                    regexp_replace(zx_half(t), '[‐‑‒–—―﹣]', '-', 'g'), '[、,;/\r\n]+'
                ),
                lambda x: zx_trim(x) <> ''
            ),
            lambda x: zx_project_code(upper(trim(zx_code(x), '#')))
        ),
        '、'
    )
end;
