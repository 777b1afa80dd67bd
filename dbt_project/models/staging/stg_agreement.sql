{{ staging('agreement') }}
