{{ register_current('above_scale') }}
