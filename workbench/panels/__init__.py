"""Views over the states: they copy state to widgets and hand what the user does to the state."""
