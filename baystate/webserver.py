"""What daphne does by itself and shall not."""

from functools import partial

from daphne import http_protocol


def leave_forms_to_django() -> None:
    """Keep twisted from reading every form as well, whole and in the loop's own thread.

    An upload of 20 MB took 600 MB more and held up all other requests for seconds; a broken form got a bare 400.
    """
    http_protocol.WebRequest = partial(http_protocol.WebRequest, parsePOSTFormSubmission=False)
