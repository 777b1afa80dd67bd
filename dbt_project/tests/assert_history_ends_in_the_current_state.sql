{{ history_against_current() }}
