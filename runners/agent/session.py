"""A requests session that follows nothing by itself."""

import requests


class Session(requests.Session):
    """Requests looks at a redirect even when told not to follow it, and fails where the address is not UTF-8."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        return None
