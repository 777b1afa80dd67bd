{{ staging('output') }}
