{{ events_current('permit') }}
