{{ register_current('event') }}
