"""The worker: a process that hosts start, and talk to in lines of JSON."""
