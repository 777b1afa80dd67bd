{{ register_current('completion') }}
