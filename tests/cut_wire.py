"""A TCP proxy on loopback that cuts connections in the middle, for tests of what goes on afterwards."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator


class CutWire:
    """Passes bytes on to a port. While `cuts` are left, a connection through which `after` bytes went
    (either way) is reset."""

    def __init__(self, port: int) -> None:
        self.to, self.after, self.cuts, self.cut = port, 1 << 62, 0, 0
        self._lock = threading.Lock()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._server.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                here, _ = self._server.accept()
                there = socket.create_connection(("127.0.0.1", self.to))
                count = [0]
                for ends in ((here, there), (there, here)):
                    threading.Thread(target=self._pass, args=(*ends, count), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, count: list[int]) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 14):
                count[0] += len(data)
                if count[0] > self.after and self._take():
                    break
                target.sendall(data)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _take(self) -> bool:
        with self._lock:
            if self.cuts == 0:
                return False
            self.cuts -= 1
            self.cut += 1
            return True


@contextlib.contextmanager
def wire(port: int) -> Iterator[CutWire]:
    made = CutWire(port)
    try:
        yield made
    finally:
        made.close()
