"""The check catalogue: one YAML a check, the seeds and pages that are generated from it, and what people decide."""
