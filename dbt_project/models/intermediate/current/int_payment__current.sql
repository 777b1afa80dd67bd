{{ events_current('payment') }}
