{{ events_current('land') }}
