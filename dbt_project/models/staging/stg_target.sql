{{ staging('target') }}
