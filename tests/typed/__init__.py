"""Code as applications write it: what the type checkers must take, and what they must find."""
