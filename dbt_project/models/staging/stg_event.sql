{{ staging('event') }}
