"""The checks of the catalogue read in plain Python over what the departments delivered, one function a check.

Written from checks.md alone: nothing here knows what was planted. They say what the SQL of a check has to say.
"""
