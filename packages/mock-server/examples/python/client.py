"""A careful client of GeekNow's video API, with nothing but Python's standard library.

Documents: https://docs.geeknow.top/api-reference/videos/grok/generation
"""

import email.utils
import http.client
import json
import time
import urllib.error
import urllib.request


class Refused(Exception):
    """The API did not take the request: nothing was made, nothing is paid."""


class Unknown(Exception):
    """Nobody can tell whether a video is made, or how it ended: find out before it is submitted again."""


class RealTime:
    now = staticmethod(time.time)
    sleep = staticmethod(time.sleep)

    def headers(self):
        return {}


class LockStep:
    """A time in which no wait takes any: the mock is told of it with every request."""

    def __init__(self):
        self.at = 0.0

    def now(self):
        return self.at

    def sleep(self, seconds):
        self.at += seconds

    def headers(self):
        return {"x-client-now": str(round(self.at * 1000))}


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        """The body, where it is a JSON object; else an empty one."""
        try:
            value = json.loads(self.body)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}


class Client:
    def __init__(self, base, key, clock=None, interval=5.0, patience=60, timeout=30.0):
        self.base, self.key, self.clock = base.rstrip("/"), key, clock or RealTime()
        self.interval, self.patience, self.timeout = interval, patience, timeout

    def request(self, url, data=None, key=True):
        """One answer, whatever its status; None where none came, or not all of it."""
        headers = self.clock.headers()
        if key:
            headers["Authorization"] = f"Bearer {self.key}"
        if data is not None:
            headers["Content-Type"] = "application/json"
            data = json.dumps(data).encode()
        try:
            with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=self.timeout) as answer:
                return Answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.headers, error.read())
        except (OSError, http.client.HTTPException):
            return None

    def pause(self, answer):
        """Waits before the next request: as long as was asked for, and never less than usual."""
        asked = answer.headers.get("Retry-After") if answer is not None else None
        if asked is not None and asked.isdigit():
            seconds = int(asked)
        elif asked is not None:
            seconds = email.utils.parsedate_to_datetime(asked).timestamp() - self.clock.now()
        else:
            seconds = 0
        self.clock.sleep(max(self.interval, seconds))

    def create(self, prompt, **options):
        """Submits a video, and gives its id. It is sent again only where it is certain that nothing was made."""
        while True:
            answer = self.request(f"{self.base}/v1/videos", {"model": "grok-video-3", "prompt": prompt, **options})
            if answer is not None and answer.status == 429:
                self.pause(answer)
                continue
            if answer is not None and 400 <= answer.status < 500:
                raise Refused(f"HTTP {answer.status}: {answer.body[:200]!r}")
            video = answer.json().get("id") if answer is not None else None
            if not isinstance(video, str):
                raise Unknown("the answer to a submission was lost: it may have been made, and paid")
            return video

    def wait(self, video):
        """Asks until the video has ended, and gives the last answer."""
        for _ in range(self.patience):
            answer = self.request(f"{self.base}/v1/videos/{video}")
            state = answer.json() if answer is not None and answer.status == 200 else {}
            if state.get("status") in ("completed", "failed", "cancelled"):
                return state
            self.pause(answer)
        raise Unknown(f"{video} had not ended after {self.patience} polls")

    def download(self, video, state):
        """The bytes of a video that is completed. A link is good for a while; who comes late asks for another."""
        for _ in range(3):
            url = state.get("video_url")
            if not url:
                return self.fetch(f"{self.base}/v1/videos/{video}/content", key=True)
            # A file is elsewhere than the API, and gets no key.
            body = self.fetch(url, key=False)
            if body is not None:
                return body
            self.clock.sleep(self.interval)
            state = self.wait(video)
        return None

    def fetch(self, url, key):
        """The bytes of a file; None if the link has expired."""
        for _ in range(10):
            answer = self.request(url, key=key)
            if answer is not None and answer.status in (403, 404, 410):
                return None
            if answer is not None and answer.status == 200 and answer.headers.get_content_type() == "video/mp4":
                return answer.body
            self.pause(answer)
        raise Unknown("the file did not come in ten tries")
