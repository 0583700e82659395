"""Case studies: worked examples on top of the workbench, plugged in by entry point."""
