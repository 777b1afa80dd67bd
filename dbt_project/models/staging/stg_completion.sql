{{ staging('completion') }}
