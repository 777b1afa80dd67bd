{{ period_current('power') }}
