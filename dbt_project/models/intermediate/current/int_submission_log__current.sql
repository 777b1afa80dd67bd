{{ events_current('submission_log') }}
