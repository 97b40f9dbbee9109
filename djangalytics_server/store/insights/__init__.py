"""The questions' SQL, written once for every relational engine."""
