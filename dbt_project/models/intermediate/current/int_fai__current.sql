{{ period_current('fai') }}
