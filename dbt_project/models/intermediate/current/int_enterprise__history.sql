{{ register_history('enterprise') }}
