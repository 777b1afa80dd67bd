{{ register_history('event') }}
