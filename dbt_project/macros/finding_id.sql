{# The identity of a finding (checks.md). `entity` is the entity_id as published: where the warehouse holds several
   districts, after the district code and a hyphen. #}
{% macro finding_id(alias, entity) -%}
    substr(
        sha256(
            {{ alias }}.check_id || '|' || {{ alias }}.entity_type || '|' || {{ entity }} || '|'
            || coalesce({{ alias }}.counterpart_id, '') || '|' || coalesce({{ alias }}.period, '')
        ), 1, 16
    )
{%- endmacro %}
