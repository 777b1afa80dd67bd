{{ period_current('tax_summary') }}
