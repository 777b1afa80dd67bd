"""Great Expectations of 质效: one gate on deliveries before load, one on the candidate before publication.

The suites are Python (`gate.py`, `candidate.py`); severity and owner of every rule stand in `rules.yaml`.
Importing this package never imports Great Expectations, which takes seconds: `run_gate` and `run_audit` do.
"""
