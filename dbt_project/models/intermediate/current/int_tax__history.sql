{{ period_history('tax') }}
