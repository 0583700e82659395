"""Pictures: first the numbers (``x_info``), then the drawing (``draw_x``), a plain plotly figure."""
