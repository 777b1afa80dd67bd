{{ staging('power') }}
