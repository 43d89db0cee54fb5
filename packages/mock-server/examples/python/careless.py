"""A client as many are: what it got no answer to, it sends again. `python3 explore.py careless:Careless` finds out what that costs."""

from client import Client, Unknown


class Careless(Client):
    def create(self, prompt, **options):
        for _ in range(3):
            try:
                return super().create(prompt, **options)
            except Unknown:
                self.clock.sleep(self.interval)
        raise Unknown("no answer in three tries")
