"""A sink in memory."""

import threading

from apisentinel.sources.live import StoppedError


class FakeSink:
    def __init__(self):
        self.pieces = []
        self.buried = []
        self.dropped = 0
        self.fail_after = None
        self.gate = None
        self.lock = threading.Condition()

    def take(self, lines):
        if self.gate is not None:
            self.gate.wait(10)
        with self.lock:
            if self.fail_after is not None and len(self.pieces) >= self.fail_after:
                raise StoppedError
            self.pieces.append(lines)
            self.lock.notify_all()

    def bury(self, stream, head, reason, offset):
        with self.lock:
            self.buried.append((stream, head, reason, offset))
            self.lock.notify_all()

    def shed(self, stream, count):
        with self.lock:
            self.dropped += count
            self.lock.notify_all()

    @property
    def text(self):
        return b"".join(piece.data for piece in self.pieces)

    @property
    def lines(self):
        return self.text.split(b"\n")[:-1]

    def wait_for(self, condition):
        with self.lock:
            assert self.lock.wait_for(condition, 20), (self.pieces, self.buried)
