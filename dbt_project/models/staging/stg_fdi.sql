{{ staging('fdi') }}
