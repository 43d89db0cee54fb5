"""What a test needs of the mock: worlds by their tokens, and its verdict."""

import base64
import json
import os
import urllib.request

MOCK = os.environ.get("MOCK_URL", "http://127.0.0.1:8787")


def world(**fields):
    """The base URL of a world of GeekNow, in which time is the client's."""
    text = json.dumps({"provider": "geeknow", "clock": "lockstep", **fields})
    return f"{MOCK}/r/a{base64.urlsafe_b64encode(text.encode()).decode().rstrip('=')}"


def call(url, body=None):
    """One of the mock's own routes."""
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data, {"Content-Type": "application/json"})) as answer:
        return json.load(answer)


def verdict(base, *expected):
    """What the client did wrong in a world, one line each; but for what the test says that it expects, which has to be there."""
    findings = call(f"{base}/__mock/verify?expect={','.join(expected)}")["findings"]
    return [finding["what"] for finding in findings if finding["breaksOk"]]
