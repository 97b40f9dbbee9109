"""Where events live. ``base`` is the promise, ``opening`` the doors; engines stay behind them."""
