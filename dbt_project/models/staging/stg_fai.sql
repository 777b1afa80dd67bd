{{ staging('fai') }}
