{{ period_history('power') }}
