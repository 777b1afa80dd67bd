{{ period_current('output') }}
