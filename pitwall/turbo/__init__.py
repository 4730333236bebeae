"""History at once: archive, decode, splice and repair."""
