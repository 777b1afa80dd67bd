"""Falsification on a dial: what is planted into a world for each check, and the honest look-alikes beside it."""
