{# Generated from zhixiao/checks/registry by `python -m zhixiao.checks.seeds`. #}
{% macro check_models() %}
    {{ return([
        ("R01", "chk_r01_report_identity"),
        ("R02", "chk_r02_over_plan"),
        ("R03", "chk_r03_beyond_funds"),
        ("R04", "chk_r04_unexplained_change"),
        ("R05", "chk_r05_start_before_permit"),
        ("R06", "chk_r06_before_filing"),
        ("R07", "chk_r07_hollow_start"),
        ("R08", "chk_r08_after_stop"),
        ("R09", "chk_r09_dead_owner"),
        ("R14", "chk_r14_equal_months"),
        ("R41", "chk_r41_withdrawn_counted"),
    ]) }}
{% endmacro %}
