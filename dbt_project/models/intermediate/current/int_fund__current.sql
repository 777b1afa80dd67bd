{{ register_current('fund') }}
