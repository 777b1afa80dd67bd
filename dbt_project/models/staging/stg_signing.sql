{{ staging('signing') }}
