"""Alembic migrations; they ship in the wheel and run at start."""
