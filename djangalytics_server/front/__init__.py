"""The production HTTP front: sockets in, one WSGI application per worker process, a clean end.

    sock = bind("127.0.0.1", 8000)
    code = serve(build_app, sockets=[sock], workers=1, threads=16, graceful_seconds=5.0)

One thread of each process reads every connection and hands a request to a worker thread only
when it has arrived whole, so slow and idle clients hold no thread. Requests are parsed, and WSGI
is spoken, by Waitress; the loop, the drain and the processes are here.
"""

from djangalytics_server.front.binding import bind
from djangalytics_server.front.limits import FrontError, Limits
from djangalytics_server.front.processes import serve

__all__ = ["FrontError", "Limits", "bind", "serve"]
