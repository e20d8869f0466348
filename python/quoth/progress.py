"""A progress bar that comes only when work takes long and someone is looking."""

from __future__ import annotations

import time
from collections.abc import Sized
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

__all__ = ["Bar"]

_PATIENCE = 1.0


class Bar:
    """Counts texts and their bytes; shows itself after a second.

    Args:
        label: What is being done.
        total: Texts to do, or something whose `len` they are; unknown for anything else.
        show: True always, False never, None where standard error is a terminal or a notebook.
    """

    def __init__(self, label: str, total: object = None, *, show: bool | None = None) -> None:
        self._label = label
        self._total = len(total) if isinstance(total, Sized) else total if isinstance(total, int) else None
        self._console = Console(stderr=True)
        looking = self._console.is_terminal or self._console.is_jupyter
        self._show = looking if show is None else show
        self._patience = 0.0 if show else _PATIENCE
        self._began = time.monotonic()
        self._texts = 0
        self._bytes = 0
        self._progress: Progress | None = None

    def __enter__(self) -> Bar:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._progress is not None:
            self._progress.stop()

    def __call__(self, n_bytes: int, n_texts: int) -> None:
        """Notes that so many more bytes and texts are done."""
        self._texts += n_texts
        self._bytes += n_bytes
        seconds = time.monotonic() - self._began
        if not self._show or seconds < self._patience:
            return
        if self._progress is None:
            self._progress = self._started()
        speed = f"{self._bytes / 1e6 / max(seconds, 1e-9):.0f} MB/s"
        self._progress.update(self._progress.task_ids[0], completed=self._texts, speed=speed)

    def _started(self) -> Progress:
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), MofNCompleteColumn())
        speed = TextColumn("{task.fields[speed]}")
        progress = Progress(*columns, speed, TimeRemainingColumn(), console=self._console, transient=True)
        progress.add_task(self._label, total=self._total, speed="")
        progress.start()
        return progress
