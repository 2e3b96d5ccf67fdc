"""A Flask application under the threaded server of Werkzeug."""

import signal
import sys

from apisentinel_agent.flask import protect
from flask import Flask, Response, g, request
from werkzeug.serving import make_server

app = Flask(__name__)
app.secret_key = "for tests"


@app.get("/orders/<int:number>")
def order(number):
    g.user_id = f"user-{number % 7}"
    return {"order": number}


@app.post("/login")
def login():
    return {"token": "very-secret", "read": len(request.get_data())}


@app.get("/fail")
def fail():
    raise RuntimeError("broken")


@app.get("/stream")
def stream():
    return Response(b"x" * 100 for _ in range(10))


agent = protect(app)


@app.get("/stats")
def stats():
    return agent.stats()


app.config["PROPAGATE_EXCEPTIONS"] = False
app.logger.disabled = True

if __name__ == "__main__":
    import logging

    logging.getLogger("werkzeug").disabled = True
    server = make_server("127.0.0.1", 0, app, threaded=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    sys.stdout.write(f"port {server.port}\n")
    sys.stdout.flush()
    server.serve_forever()
