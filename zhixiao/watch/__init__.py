"""Watching the nights: one digest with an owner a line, a page of deliveries and runs, metrics."""
