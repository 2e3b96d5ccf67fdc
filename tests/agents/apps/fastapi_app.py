"""A FastAPI application under uvicorn, on a port of its choice."""

import asyncio
import socket
import sys

import uvicorn
from apisentinel_agent.fastapi import protect
from fastapi import APIRouter, BackgroundTasks, FastAPI, Request, WebSocket
from fastapi.responses import StreamingResponse

app = FastAPI()
router = APIRouter(prefix="/orders")


@router.get("/{number}")
async def order(number: int, request: Request):
    request.state.user_id = f"user-{number % 7}"
    return {"order": number}


@app.post("/login")
async def login(request: Request):
    return {"token": "very-secret", "read": len(await request.body())}


@app.get("/fail")
async def fail():
    raise RuntimeError("broken")


@app.get("/stream")
async def stream():
    async def pieces():
        for _ in range(10):
            yield b"x" * 100
            await asyncio.sleep(0)

    return StreamingResponse(pieces())


@app.get("/later")
async def later(tasks: BackgroundTasks):
    tasks.add_task(asyncio.sleep, 0.3)
    return {}


@app.websocket("/talk/{room}")
async def talk(socket: WebSocket, room: str):
    await socket.accept()
    while (text := await socket.receive_text()) != "bye":
        await socket.send_text(text * 2)
    await socket.close()


app.include_router(router)
inner = FastAPI()


@inner.get("/things/{name}")
def thing(name: str):
    return {"thing": name}


app.mount("/inner", inner)
agent = protect(app)


@app.get("/stats")
def stats():
    return agent.stats()


if __name__ == "__main__":
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen(200)

    class Server(uvicorn.Server):
        async def startup(self, sockets=None):
            await super().startup(sockets)
            sys.stdout.write(f"port {listener.getsockname()[1]}\n")

    sys.stdout.flush()

    Server(uvicorn.Config(app, log_level="critical")).run([listener])
