{{ register_history('expansion') }}
