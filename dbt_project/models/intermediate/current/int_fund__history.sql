{{ register_history('fund') }}
