"""The window: theme, actions, layout, panes and plots.

Import :mod:`pitwall.ui.window` to build one; importing this package alone loads no Qt.
"""
