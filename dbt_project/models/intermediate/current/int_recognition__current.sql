{{ events_current('recognition', revoked_on="coalesce(recognised_date, received_on)") }}
