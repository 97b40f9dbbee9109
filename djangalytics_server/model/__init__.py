"""Facts: frozen values that every room understands. No I/O, no third party."""
