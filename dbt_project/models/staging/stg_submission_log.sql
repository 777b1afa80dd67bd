{{ staging('submission_log') }}
