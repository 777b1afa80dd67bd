{{ period_history('fai') }}
