"""Who said what, about whom: gazetteer matching and quote attribution over large text corpora.

>>> import quoth
>>> gaz = quoth.Gazetteer([{"id": "Q1", "name": "Ann Lee", "label": "PERSON"}])
>>> who = quoth.Attributor(gaz)
>>> quotes = who.read_all(["“The bridge is safe,” Mayor Ann Lee said.", "It rained."])
>>> [(q["speaker_id"], q["content"]) for q in quotes]
[('Q1', '“The bridge is safe,”')]
"""

from quoth._core import __version__
from quoth.annotate import annotate, annotate_html, replace
from quoth.attributor import Attributor
from quoth.errors import FileFormatError, GazetteerError, QuothError
from quoth.gazetteer import Gazetteer
from quoth.matching import Matching
from quoth.results import Attribution, Document, Entry, Mention, Speaker
from quoth.tables import Attributions, Counts, Mentions, Speakers, Status
from quoth.training import model_info, train

__all__ = [
    "Attribution",
    "Attributions",
    "Attributor",
    "Counts",
    "Document",
    "Entry",
    "FileFormatError",
    "Gazetteer",
    "GazetteerError",
    "Matching",
    "Mention",
    "Mentions",
    "QuothError",
    "Speaker",
    "Speakers",
    "Status",
    "__version__",
    "annotate",
    "annotate_html",
    "model_info",
    "replace",
    "train",
]


def __dir__() -> list[str]:
    """The public names, without the modules that they come from."""
    return __all__
