{{ staging('fund') }}
