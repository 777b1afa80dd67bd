{{ staging('quarantine') }}
