{{ staging('filing') }}
