"""Numbers of persons, as SQL over a text: mobile numbers, and identity numbers by GB 11643.

Format strings over `text` (and `latest_birth_year`). A run of letters and digits is one word, so that a hash
or a longer business number is not searched inside. An identity number needs a birth date, an adult's, and
the right check digit: an 18-digit permit number carries a date too.
"""

from __future__ import annotations

MOBILE_SQL = "regexp_matches({text}, '(^|[^0-9A-Za-z])1[3-9][0-9]{{9}}([^0-9A-Za-z]|$)')"

_NUMBER = "[1-8][0-9]{{5}}(19|20)[0-9]{{2}}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])[0-9]{{3}}[0-9Xx]"
_WORD = f"(^|[^0-9A-Za-z])({_NUMBER})([^0-9A-Za-z]|$)"
_WEIGHTS = "[7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]"
_SUM = (
    f"list_sum(list_transform(range(1, 18), i -> CAST(substr(x, CAST(i AS BIGINT), 1) AS INTEGER)"
    f" * list_extract({_WEIGHTS}, i)))"
)
IDENTITY_SQL = (
    f"(regexp_matches({{text}}, '{_WORD}') AND len(list_filter(regexp_extract_all({{text}}, '{_WORD}', 2),"
    " x -> CAST(substr(x, 7, 4) AS INTEGER) <= {latest_birth_year}"
    f" AND substr('10X98765432', CAST({_SUM} % 11 AS BIGINT) + 1, 1) = upper(substr(x, 18, 1)))) > 0)"
)
