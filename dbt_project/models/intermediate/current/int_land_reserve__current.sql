{{ register_current('land_reserve') }}
