"""Pictures: first the numbers (``x_info``), then the drawing (``draw_x``), as plain data."""
