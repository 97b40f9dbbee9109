"""How fast may be sent."""
