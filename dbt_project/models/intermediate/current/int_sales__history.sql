{{ period_history('sales') }}
