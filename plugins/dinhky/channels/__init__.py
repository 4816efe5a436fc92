"""The ways out of the house: email over SMTP, a local maildir for trials, chat through apprise."""
