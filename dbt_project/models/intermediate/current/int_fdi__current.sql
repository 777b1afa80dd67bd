{{ events_current('fdi') }}
