"""The line in front of a model: so many answers are made at once, the others wait for their turn.

Each is made wholly in one thread: torch keeps precision and modes by the thread, and a web server takes
another for each piece.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from queue import SimpleQueue
from typing import TypeVar

T = TypeVar("T")
END = object()


class Line:
    def __init__(self, at_once: int = 1) -> None:
        self.waiting: SimpleQueue[Callable[[], None]] = SimpleQueue()
        for _ in range(at_once):
            threading.Thread(target=self._work, daemon=True).start()

    def _work(self) -> None:
        while True:
            self.waiting.get()()

    def start(self, make: Callable[[], Iterable], tell: Callable[[object], None]) -> Callable[[], None]:
        """Tells the pieces of `make()` as they come, and END or the exception that ended it.

        What it returns stops it: after the piece in the making, or before its turn has come.
        """
        stopped = threading.Event()

        def work() -> None:
            if stopped.is_set():
                return
            try:
                for piece in make():
                    if stopped.is_set():
                        return
                    tell(piece)
                tell(END)
            except Exception as error:
                tell(error)

        self.waiting.put(work)
        return stopped.set

    def pieces(self, make: Callable[[], Iterable[T]]) -> Iterator[T]:
        """The pieces of `make()`, for who can wait for each. Closed early, it stops the rest."""
        told: SimpleQueue[object] = SimpleQueue()
        stop = self.start(make, told.put)
        try:
            while (piece := told.get()) is not END:
                if isinstance(piece, Exception):
                    raise piece
                yield piece
        finally:
            stop()
