{{ events_history('permit') }}
