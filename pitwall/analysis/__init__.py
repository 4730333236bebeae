"""Laps, progress, delta and track line: pure functions of the store."""
