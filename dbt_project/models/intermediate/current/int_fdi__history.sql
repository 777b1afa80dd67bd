{{ events_history('fdi') }}
