{# Comments of published tables and columns: the Chinese title or label and the unit, then the
   description. They take the place of dbt-duckdb's own, which write the description alone. #}

{% macro commented(label, unit, description) %}
    {% set head = (label ~ ("（" ~ unit ~ "）" if unit else "")) if label else "" %}
    {{ return((head ~ "：" if head and description else head) ~ (description or "")) }}
{% endmacro %}

{% macro duckdb__alter_relation_comment(relation, comment) %}
    {% set told = commented(table_titles().get(relation.identifier), none, comment) %}
    comment on {{ relation.type }} {{ relation }} is {{ duckdb_escape_comment(told) }};
{% endmacro %}

{% macro duckdb__alter_column_comment(relation, column_dict) %}
    {% set existing = adapter.get_columns_in_relation(relation) | map(attribute="name") | list %}
    {% for name in column_dict if name in existing %}
        {% set column = column_dict[name] %}
        {% set meta = column.get("config", {}).get("meta") or column.get("meta") or {} %}
        {% set told = commented(meta.get("label_zh"), meta.get("unit"), column["description"]) %}
        comment on column {{ relation }}.{{ adapter.quote(name) if column["quote"] else name }} is {{ duckdb_escape_comment(told) }};
    {% endfor %}
{% endmacro %}
