{{ staging('tax_summary') }}
