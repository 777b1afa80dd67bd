{{ register_current('target') }}
