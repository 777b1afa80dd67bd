{{ register_history('completion') }}
