{{ period_history('output') }}
