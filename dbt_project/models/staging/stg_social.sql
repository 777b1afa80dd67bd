{{ staging('social') }}
