{{ period_current('tax') }}
