{{ register_current('expansion') }}
