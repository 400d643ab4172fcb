"""Encrypt the sites' passwords anew, so that an old credential key can be retired."""

from typing import Any

from cryptography.fernet import InvalidToken
from django.core.management.base import BaseCommand, CommandError

from scraping import credentials
from scraping.doors import transact


class Command(BaseCommand):
    help = "Encrypt every stored password with the first of BAYSTATE_CREDENTIAL_KEYS; all or none."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with transact():
                done = credentials.rotate()
        except InvalidToken:
            raise CommandError(
                "None of BAYSTATE_CREDENTIAL_KEYS opens one of the stored passwords; nothing was changed. "
                "Add the key it was stored with, or type that password again in the admin."
            ) from None
        self.stdout.write(f"{done} encrypted with the first key")
