{{ staging('contract', day=none) }}
