{{ events_history('supervision') }}
