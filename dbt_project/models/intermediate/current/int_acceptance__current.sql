{{ events_current('acceptance') }}
