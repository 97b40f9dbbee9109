# %% [markdown]
"""# Signups by day and plan

Reads raw events over HTTP, page by page, into pandas. Open this file in an editor that knows
`# %%` cells, in Jupyter with jupytext, or run it as it is.
"""

# %%
import os
from urllib.parse import urljoin

import pandas as pd
import requests

URL = os.environ.get("DJANGALYTICS_URL", "http://127.0.0.1:8000")
READ_KEY = os.environ.get("DJANGALYTICS_READ_KEY")  # development mode reads without one


# %%
def fetch_events(**filters: str) -> pd.DataFrame:
    """Every event that matches, one row each, newest first."""
    rows: list[dict[str, object]] = []
    address = urljoin(URL, "/api/events/")
    question: dict[str, str] = {"limit": "1000", **filters}
    with requests.Session() as session:
        if READ_KEY:
            session.headers["Authorization"] = f"Bearer {READ_KEY}"
        while address:
            answer = session.get(address, params=question, timeout=30)
            answer.raise_for_status()
            rows += answer.json()
            # The link holds the whole question; the last page has none.
            following = answer.links.get("next")
            address, question = urljoin(URL, following["url"]) if following else "", {}
    return pd.DataFrame(rows)


# %%
signups = fetch_events(event_name="signup")
print(f"{len(signups)} signups")

# %%
if not signups.empty:
    signups["day"] = pd.to_datetime(signups["timestamp"], format="ISO8601").dt.date
    signups["plan"] = [properties.get("plan", "none") for properties in signups["properties"]]
    by_day = signups.pivot_table(index="day", columns="plan", values="id", aggfunc="count")
    print(by_day.fillna(0).astype(int).to_string())
