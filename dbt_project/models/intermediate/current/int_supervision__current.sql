{{ events_current('supervision') }}
