"""Deliberate breaks of the consumer, and the tests that must notice each of them."""
