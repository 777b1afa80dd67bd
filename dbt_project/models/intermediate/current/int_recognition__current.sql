{{ events_current(
    'recognition',
    is_revocation="result is not distinct from '撤销'",
    revoked_on="coalesce(recognised_date, received_on)",
) }}
