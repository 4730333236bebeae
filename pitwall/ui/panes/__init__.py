"""The panes: each draws one thing and computes nothing that is not drawing."""
