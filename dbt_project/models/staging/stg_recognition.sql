{{ staging('recognition') }}
