{{ events_history('acceptance') }}
