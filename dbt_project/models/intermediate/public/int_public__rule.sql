select
    cast({{ rule('confidentiality_rule', 'min_firms') }} as integer) as min_firms,
    {{ rule('confidentiality_rule', 'max_share') }} as max_share,
    {{ rule('confidentiality_rule', 'protection') }} as protection
