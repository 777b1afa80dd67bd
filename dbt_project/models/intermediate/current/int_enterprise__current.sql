{{ register_current('enterprise') }}
