{{ staging('supervision') }}
