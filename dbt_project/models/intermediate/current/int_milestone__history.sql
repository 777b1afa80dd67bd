{{ register_history('milestone') }}
