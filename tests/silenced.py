"""A server whose processes are all there and do nothing, as when its disk hangs."""

from collections.abc import Iterator
from contextlib import contextmanager

import psutil


@contextmanager
def silenced(pid: int) -> Iterator[None]:
    """The process `pid` and all it has started. It is stopped first and goes on last: meanwhile it starts none, and
    one that ends is not gone before it."""
    parent = psutil.Process(pid)
    parent.suspend()
    children = parent.children(recursive=True)
    for child in children:
        child.suspend()
    try:
        yield
    finally:
        for one in (*children, parent):
            one.resume()
