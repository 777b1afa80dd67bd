{{ register_history('land_reserve') }}
