{#- A refused drop whose folder is no date has no received day. -#}
{{ staging('load_log', undated=true) }}
