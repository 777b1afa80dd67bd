{{ staging('contract_column', day=none) }}
