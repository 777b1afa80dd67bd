{{ register_history('scenario') }}
