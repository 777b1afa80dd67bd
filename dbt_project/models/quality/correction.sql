{{ correction_outcomes() }}
