{{ register_current('signing') }}
