"""The trace stack and its parts: decimation, axes, polylines, cursor. Own painting throughout."""
