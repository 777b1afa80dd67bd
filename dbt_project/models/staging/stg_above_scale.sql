{{ staging('above_scale') }}
