"""Bakes a plate without a host, in any Python: `python3 nodes/client/example.py PLATE OUTPUT`."""

import sys
from pathlib import Path

import robust_matte_client as client


def bake(plate: str, output: str) -> int:
    """Bake a plate, tell how it goes, and return the exit code."""
    job = {"plate": str(Path(plate).absolute()), "output": str(Path(output).absolute())}
    with client.Worker(client.find_worker()) as worker:
        job_id = worker.bake(job)
        while True:  # a host with a window calls poll() from a timer instead
            for event in worker.wait(1.0):
                if isinstance(event, client.Frame):
                    print(f"frame {event.number}, {event.done} of {event.total}", flush=True)
                elif isinstance(event, client.Done):
                    print("\n".join(event.manifest["outputs"].values()))
                    return 0
                elif isinstance(event, (client.Failed, client.Cancelled)) and event.id == job_id:
                    print(event.what, event.hint, file=sys.stderr)
                    return 1


if __name__ == "__main__":
    if len(sys.argv) != 3:
        print("usage: python3 example.py PLATE OUTPUT", file=sys.stderr)
        sys.exit(2)
    try:
        sys.exit(bake(*sys.argv[1:]))
    except client.ClientError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:  # the job is cancelled; the same command goes on with it
        sys.exit(130)
