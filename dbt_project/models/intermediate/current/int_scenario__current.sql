{{ register_current('scenario') }}
