{{ period_history('social') }}
