"""The tests of client.py: `reelay-mock` in one terminal, `python3 -m unittest` in another."""

import unittest

from client import Client, LockStep, Refused, Unknown
from worlds import call, verdict, world


class ClientTest(unittest.TestCase):
    def client(self, expected=(), **script):
        """A client in a world of its own, whose name is that of the test. `expected`: what the mock will find, and is right so."""
        self.expected = expected
        self.base = f"{world(script=script)}.{self.id()}"
        call(f"{self.base}/__mock/reset", {})
        return Client(self.base, "key", LockStep())

    def jobs(self):
        return call(f"{self.base}/__mock/jobs")

    def tearDown(self):
        # A failing test says in which world it failed.
        self.assertEqual(verdict(self.base, *self.expected), [], f"in {self.base}")

    def test_makes_a_video(self):
        client = self.client(advances={"polls": 3})
        video = client.create("A candle", seconds="8")
        state = client.wait(video)
        self.assertEqual(state["status"], "completed")
        self.assertEqual(client.download(video, state)[4:8], b"ftyp")
        self.assertEqual([(job["seconds"], job["polls"], job["fetched"]) for job in self.jobs()], [(8, 3, 1)])

    def test_says_that_a_video_failed(self):
        client = self.client(["unsuccessful"], advances={"polls": 1}, ending="failed")
        self.assertEqual(client.wait(client.create("A candle"))["status"], "failed")

    def test_refuses_what_the_api_refuses(self):
        client = self.client(["refused"], advances={"polls": 1})
        with self.assertRaisesRegex(Refused, "model"):
            client.create("A candle", model="none")

    def test_never_submits_twice_what_may_have_been_made(self):
        client = self.client(["lost"], advances={"polls": 1}, faults=["submit-accepted-drop"])
        with self.assertRaises(Unknown):
            client.create("A candle")
        self.assertEqual(len(self.jobs()), 1)

    def test_waits_as_long_as_it_is_asked_to(self):
        wait = {"retryAfter": 20, "requests": {"first": 2}}
        faults = [{"name": name, **wait} for name in ("submit-rate-limited", "rate-limited-date")]
        client = self.client(["unfetched"], advances={"polls": 3}, faults=faults)
        self.assertEqual(client.wait(client.create("A candle"))["status"], "completed")
        self.assertGreaterEqual(client.clock.now(), 80)

    def test_gets_over_answers_that_are_none(self):
        client = self.client(["unfetched"], advances={"polls": 4}, faults=["poll-body-drop", "flaky", "unknown-status"])
        self.assertEqual(client.wait(client.create("A candle"))["status"], "completed")

    def test_asks_for_another_link_if_one_has_expired(self):
        client = self.client(advances={"polls": 1}, faults=["url-expired-410"])
        video = client.create("A candle")
        self.assertEqual(client.download(video, client.wait(video))[4:8], b"ftyp")

    def test_has_the_file_without_a_link_too(self):
        client = self.client(advances={"polls": 1}, ending="no-url", faults=["content-unaccepted-5xx"])
        video = client.create("A candle")
        self.assertEqual(client.download(video, client.wait(video))[4:8], b"ftyp")


if __name__ == "__main__":
    unittest.main()
