"""What each panel knows and can do, without a widget in sight."""
