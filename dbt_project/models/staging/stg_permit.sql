{{ staging('permit') }}
