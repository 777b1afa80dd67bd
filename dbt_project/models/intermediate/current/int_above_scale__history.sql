{{ register_history('above_scale') }}
