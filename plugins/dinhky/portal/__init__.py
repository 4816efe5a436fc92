"""The units' own pages, opened by a personal link: what is owed, a place to send it, the answer on the spot."""
