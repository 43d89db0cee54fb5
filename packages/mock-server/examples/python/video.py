"""One video at a base URL, to standard output: `python3 video.py http://127.0.0.1:8787/geeknow > candle.mp4`. Ends with 1 if there is none."""

import sys

from client import Client, RealTime, Refused, Unknown

client = Client(sys.argv[1], "key", RealTime(), interval=0.05, timeout=3, patience=20)
try:
    video = client.create("A candle")
    state = client.wait(video)
    body = client.download(video, state) if state["status"] == "completed" else None
except (Refused, Unknown) as error:
    sys.exit(str(error))
if body is None:
    sys.exit(f"{video}: {state['status']}, and no video")
sys.stdout.buffer.write(body)
