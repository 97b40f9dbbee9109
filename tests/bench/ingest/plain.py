"""The plain design, as the baseline: Flask, the ORM, Marshmallow, one commit a request.

The same promise with nothing of ours: an event is validated by Marshmallow, stored through the
ORM with the same indexes and a unique insert id, counted in the same rollup, and acknowledged
after its own synced commit. Run by `python -m tests.bench.ingest.plain PORT FOLDER` behind the
same front with the same number of threads.
"""

from __future__ import annotations

import sys
from pathlib import Path

from flask import Flask, jsonify, request
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import IntegrityError

from djangalytics_server import app as house
from djangalytics_server.front import bind, serve
from djangalytics_server.store.opening import tune
from djangalytics_server.store.rollups import GRAINS
from djangalytics_server.store.tables import Base, EventCount, EventRow
from djangalytics_server.wire.schemas import EventSchema


def create_app(folder: Path) -> Flask:
    """The application over a new server's file."""
    house.prepare(house.Settings(data=folder))
    app = Flask("plain")
    db = SQLAlchemy(model_class=Base)
    file = folder / "djangalytics.sqlite3"
    app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{file.absolute()}"
    db.init_app(app)
    with app.app_context():
        tune(db.engine)
    schema = EventSchema()

    @app.post("/api/capture_event/")
    def capture_event() -> tuple[object, int]:
        loaded = schema.load(request.get_json())
        now = house.now()
        row = EventRow(project_id=1, received_at=now, **{"timestamp": now, **loaded})
        db.session.add(row)
        try:
            db.session.flush()
        except IntegrityError:
            db.session.rollback()
            return jsonify(status="duplicate"), 200
        for grain in GRAINS:
            bucket = row.timestamp // 1_000_000 // grain * grain
            cell = insert(EventCount).values(
                project_id=1, grain=grain, bucket=bucket, event_name=row.event_name, count=1
            )
            db.session.execute(
                cell.on_conflict_do_update(
                    index_elements=["project_id", "grain", "bucket", "event_name"],
                    set_={"count": EventCount.count + 1},
                )
            )
        answer = jsonify(id=row.id, event_name=row.event_name, status="accepted")
        db.session.commit()
        return answer, 201

    return app


if __name__ == "__main__":
    port, folder = int(sys.argv[1]), Path(sys.argv[2])
    application = create_app(folder)
    sockets = [bind("127.0.0.1", port)]
    sys.exit(serve(lambda: application, sockets=sockets, threads=16))
