"""What a plan obliges whom to do, and when. Pure: no clock, no I/O, no third-party import; `now` is an argument."""
