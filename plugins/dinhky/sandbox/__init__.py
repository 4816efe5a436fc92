"""Work on files from outside, done in child processes with limits of memory and time.

A parser written in Rust aborts its process when it runs out of memory, and no `except` catches that: so it is somebody
else's process. `pool.Sandbox` is what the rest of the package uses; `child` is what runs on the other side, and imports
nothing that it does not need, since it is started while a sender waits.
"""
