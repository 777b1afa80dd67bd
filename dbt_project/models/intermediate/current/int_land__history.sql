{{ events_history('land') }}
