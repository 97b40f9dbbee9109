"""The doors: Flask lives here and in ``app`` alone."""
