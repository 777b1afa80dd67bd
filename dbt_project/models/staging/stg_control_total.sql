{{ staging('control_total') }}
