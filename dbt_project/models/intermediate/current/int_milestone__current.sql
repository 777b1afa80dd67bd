{{ register_current('milestone') }}
