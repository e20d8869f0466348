"""Types of the compiled part; the classes that users see are in the package's own modules."""

from collections.abc import Callable, Iterable
from os import PathLike
from typing import Any, final

from quoth.sources import Plain, Record

__all__ = ["Attributor", "Gazetteer", "Table", "__version__", "model_info", "train"]

__version__: str

@final
class Table:
    @staticmethod
    def from_arrow(table: Any) -> Table: ...
    def __len__(self) -> int: ...
    @property
    def columns(self) -> list[str]: ...
    @property
    def nbytes(self) -> int: ...
    @property
    def n_batches(self) -> int: ...
    def rows(self, batch: int) -> list[dict[str, Any]]: ...
    def column(self, name: str) -> list[Any]: ...
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...
    def __arrow_c_schema__(self) -> object: ...

@final
class Gazetteer:
    def __new__(
        cls,
        records: Iterable[Any],
        *,
        plain: Plain,
        options: str,
        refused: Callable[[str, int], None],
    ) -> Gazetteer: ...
    @staticmethod
    def from_bytes(data: bytes) -> Gazetteer: ...
    def to_bytes(self) -> bytes: ...
    @staticmethod
    def open(path: str | PathLike[str], verify: bool) -> Gazetteer: ...
    def save(self, path: str | PathLike[str]) -> None: ...
    @property
    def nbytes(self) -> int: ...
    def __len__(self) -> int: ...
    @property
    def n_spellings(self) -> int: ...
    def with_changes(self, add: list[Record], remove: set[str]) -> Gazetteer: ...
    def options(self) -> str: ...
    def labels(self) -> list[tuple[str, int]]: ...
    def positions(self) -> list[int]: ...
    def entry(self, position: int) -> Record: ...
    def get(self, id: str) -> Record | None: ...
    def find(
        self, text: str, *, labels: list[str] | None, bytes: bool
    ) -> list[tuple[int, int, str, list[int], float]]: ...
    def find_all(
        self,
        texts: Any,
        *,
        ids: Any,
        labels: list[str] | None,
        properties: bool,
        bytes: bool,
        n_threads: int | None,
        tick: Callable[[int, int], None] | None,
    ) -> tuple[Table, Table]: ...

@final
class Attributor:
    def __new__(
        cls,
        gazetteer: Gazetteer | None,
        *,
        model: str,
        types: list[str],
        min_score: float,
        eager: bool,
        top_level: bool,
    ) -> Attributor: ...
    def read(self, text: str, *, bytes: bool) -> dict[str, Any]: ...
    def read_all(
        self,
        texts: Any,
        *,
        ids: Any,
        bytes: bool,
        n_threads: int | None,
        tick: Callable[[int, int], None] | None,
    ) -> tuple[Table, Table, Table, Table]: ...

_Spans = list[tuple[int, int]]
_Gold = list[tuple[str, list[tuple[_Spans, _Spans, _Spans]]]]

def train(
    gold: _Gold,
    dev: _Gold,
    *,
    data: list[str],
    epochs: int,
    seed: int,
    threshold: float | None,
    n_threads: int,
    tick: Callable[[str, int], None] | None,
) -> bytes: ...
def model_info(name: str) -> str: ...
