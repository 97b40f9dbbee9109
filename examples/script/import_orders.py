"""Send the orders of a CSV file as events; running it again adds nothing.

Each event's insert id is made from its order number, so the server recognises what it has.
"""

import csv
import sys
from pathlib import Path

import djangalytics_client as analytics

ORDERS = Path(__file__).with_name("orders.csv")


def main() -> int:
    with ORDERS.open(newline="", encoding="utf-8") as file:
        orders = list(csv.DictReader(file))
    for order in orders:
        analytics.track(
            "order_placed",
            {"order": order["order"], "plan": order["plan"], "total": float(order["total"])},
            distinct_id=order["customer"],
            source="import",
            timestamp=order["placed_at"],
            insert_id=f"order-{order['order']}",
        )
    left = analytics.flush(timeout=30)
    if left:
        print(f"{left} orders could not be sent; run this again later.", file=sys.stderr)
        return 1
    counts = analytics.stats()
    print(f"{counts.sent} orders sent, {counts.duplicates} were there before")
    return 0


if __name__ == "__main__":
    sys.exit(main())
