{{ register_history('target') }}
