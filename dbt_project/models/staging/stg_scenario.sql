{{ staging('scenario') }}
