"""Text as a cell of CSV: a spreadsheet that opens it takes none for a formula."""

# What a spreadsheet takes for the beginning of a formula, or of a line that could begin with one; the wide ones, too.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def as_cell(text: str) -> str:
    """The text, behind an apostrophe where a spreadsheet would calculate."""
    return f"'{text}" if text.startswith(FORMULA) else text
