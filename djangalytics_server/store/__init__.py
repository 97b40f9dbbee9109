"""Where events live. ``store.base`` is the promise; engines stay behind it."""
