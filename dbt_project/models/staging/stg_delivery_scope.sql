{{ staging('delivery_scope') }}
