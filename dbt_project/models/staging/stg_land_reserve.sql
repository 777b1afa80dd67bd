{{ staging('land_reserve') }}
