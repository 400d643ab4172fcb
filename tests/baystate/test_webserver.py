import http.client
import threading
from contextlib import closing, suppress
from pathlib import Path
from unittest.mock import MagicMock
from urllib.parse import urlsplit

import pytest
from daphne import http_protocol

from baystate import webserver
from tests import web


def test_no_form_is_read_before_it_reaches_django(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_protocol, "WebRequest", http_protocol.WebRequest)
    webserver.leave_forms_to_django()
    request = http_protocol.WebRequest(MagicMock())
    assert request._parsePOSTFormSubmission is False
    assert isinstance(request, http_protocol.http.Request)


@pytest.mark.slow
def test_a_server_that_is_told_to_stop_in_the_midst_of_requests_does(tmp_path: Path) -> None:
    answered, over = threading.Semaphore(0), threading.Event()

    def ask(place: str) -> None:
        while not over.is_set():
            asking = http.client.HTTPConnection(place, timeout=10)
            with suppress(OSError, http.client.HTTPException), closing(asking):
                asking.request("GET", "/admin/login/")
                if asking.getresponse().status == 200:
                    answered.release()

    production = {"DJANGO_SETTINGS_MODULE": "baystate.settings", "BAYSTATE_VAR": str(tmp_path)}
    quiet = {"BAYSTATE_SWEEP_SECONDS": "0"}
    with web.daphne(production | quiet) as url:
        clients = [threading.Thread(target=ask, args=[urlsplit(url).netloc]) for _ in range(24)]
        for client in clients:
            client.start()
        heard = all(answered.acquire(timeout=60) for _ in range(50))
    # that the process ended by itself was seen by daphne(), which raises where it did not
    over.set()
    for client in clients:
        client.join(20)
    assert heard
