{{ events_history('recognition') }}
