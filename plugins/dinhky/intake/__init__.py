"""What comes in: one `receive` for every route, and the routes."""
