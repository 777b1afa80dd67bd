{{ staging('sales') }}
