"""A Django project in one file: WSGI under wsgiref's threads, or ASGI under uvicorn (--asgi)."""

import logging
import signal
import socket
import socketserver
import sys
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import django
from apisentinel_agent.django import agent_of_settings
from django.conf import settings
from django.http import JsonResponse, StreamingHttpResponse
from django.urls import path

settings.configure(
    SECRET_KEY="for tests",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    MIDDLEWARE=["apisentinel_agent.django.SentinelMiddleware"],
    APISENTINEL_AGENT={"user": f"{__name__}.who"},
    LOGGING_CONFIG=None,
)


def who(request):
    return request.META.get("HTTP_X_WHO")


def order(request, number):
    return JsonResponse({"order": number})


def login(request):
    return JsonResponse({"token": "very-secret", "read": len(request.body)})


def fail(request):
    raise RuntimeError("broken")


def stream(request):
    if "--asgi" in sys.argv:

        async def pieces():
            for _ in range(10):
                yield b"x" * 100

        return StreamingHttpResponse(pieces())
    return StreamingHttpResponse(b"x" * 100 for _ in range(10))


def stats(request):
    return JsonResponse(agent_of_settings().stats())


urlpatterns = [
    path("stats", stats),
    path("orders/<int:number>", order),
    path("login", login),
    path("fail", fail),
    path("stream", stream),
]


class Threaded(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 100


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


if __name__ == "__main__":
    logging.disable()
    django.setup()
    if "--asgi" in sys.argv:
        import uvicorn
        from django.core.asgi import get_asgi_application

        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.bind(("127.0.0.1", 0))
        listener.listen(200)

        class Server(uvicorn.Server):
            async def startup(self, sockets=None):
                await super().startup(sockets)
                sys.stdout.write(f"port {listener.getsockname()[1]}\n")
                sys.stdout.flush()

        config = uvicorn.Config(get_asgi_application(), log_level="critical", lifespan="off")
        Server(config).run([listener])
    else:
        from django.core.wsgi import get_wsgi_application

        server = Threaded(("127.0.0.1", 0), Quiet)
        server.set_app(get_wsgi_application())
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        sys.stdout.write(f"port {server.server_port}\n")
        sys.stdout.flush()
        server.serve_forever()
