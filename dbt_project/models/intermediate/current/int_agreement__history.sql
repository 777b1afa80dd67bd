{{ register_history('agreement') }}
