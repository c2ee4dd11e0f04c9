"""Facts and objections told in words. Nothing depends on the wording; what counts stands in the log.

Each event has its sentence in the module of what it is about, and so has what rules find wanting there.
"""

from api.telling.facts import circumstances, told
from api.telling.objections import objected, shown_by
from api.telling.words import MIT, Words, words_of

__all__ = ["MIT", "Words", "circumstances", "objected", "shown_by", "told", "words_of"]
