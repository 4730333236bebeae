"""The local stand-in for the cloud services, and the demo's field of cars."""
