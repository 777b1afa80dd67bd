{{ period_current('sales') }}
