"""News from events: a data set of our own, a small language model, and a check of its facts."""
