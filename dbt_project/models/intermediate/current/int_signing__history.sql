{{ register_history('signing') }}
