from unittest.mock import MagicMock

import pytest
from daphne import http_protocol

from baystate import webserver


def test_no_form_is_read_before_it_reaches_django(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_protocol, "WebRequest", http_protocol.WebRequest)
    webserver.leave_forms_to_django()
    request = http_protocol.WebRequest(MagicMock())
    assert request._parsePOSTFormSubmission is False
    assert isinstance(request, http_protocol.http.Request)
