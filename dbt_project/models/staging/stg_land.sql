{{ staging('land') }}
