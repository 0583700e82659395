"""What the controls of a page take at most; beyond, the value stays as it was."""

TEXT_CHARS = 10_000  # that a page may write into one control
