"""With this folder on ``PYTHONPATH`` every process of the workbench knows the toy runtime."""

import crash_toys  # noqa: F401
