{{ staging('decision', day='decided_on') }}
