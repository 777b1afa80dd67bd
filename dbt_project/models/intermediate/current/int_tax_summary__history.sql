{{ period_history('tax_summary') }}
