"""The commands, a module each: its options, and the handler that does its job.

How one is added is told in :mod:`pitwall.cli`.
"""
