{{ events_history('payment') }}
