"""Measures arrangements of the HTTP front: throughput, slow clients, drain, WebSockets."""
