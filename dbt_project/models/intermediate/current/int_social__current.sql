{{ period_current('social') }}
