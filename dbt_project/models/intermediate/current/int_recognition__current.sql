{{ events_current(
    'recognition',
    is_revocation="coalesce(result = '撤销', false)",
    revoked_on="coalesce(recognised_date, received_on)",
) }}
