{{ staging('payment') }}
