{{ staging('milestone') }}
