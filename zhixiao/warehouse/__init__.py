"""The work database and the published releases: load, build, publish, roll back."""
