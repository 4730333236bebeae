"""Pitwall: race telemetry from AWS on a pit-wall laptop, history in seconds, live without a gap."""

__version__ = "0.1.0"
