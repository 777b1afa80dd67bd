{{ staging('tax') }}
