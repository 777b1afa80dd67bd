{{ register_current('agreement') }}
