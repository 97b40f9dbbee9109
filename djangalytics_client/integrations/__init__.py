"""One thin module for each framework; each imports its framework, and nothing imports them.

They say once for all events of a request or task who acted, in which request, and from where.
"""
