"""What errors expect and advise, in Chinese; ``{names}`` stand for what varies."""

PHRASES: dict[str, str] = {}
