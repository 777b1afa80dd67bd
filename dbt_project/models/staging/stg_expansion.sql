{{ staging('expansion') }}
