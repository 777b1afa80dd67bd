{{ staging('acceptance') }}
