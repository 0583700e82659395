"""``python -m workbench`` is the command ``workbench``."""

import sys

if not sys.flags.safe_path and __name__ == "__main__":
    del sys.path[0]  # the folder one stands in may be a stranger's: no library is found there

from workbench.cli import main

if __name__ == "__main__":
    main()
