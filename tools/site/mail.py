"""Mail as files, so that a program outside of the server can read the codes."""

import hashlib
import os
import re
from collections.abc import Sequence
from pathlib import Path

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

CODE = re.compile(r"\b\d{6}\b")


class FolderBackend(BaseEmailBackend):
    """Write the newest subject and text for each recipient to a file in the folder `TOOLS_MAIL`."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Write each message and return how many there were. Notices without a code are not written."""
        for message in email_messages:
            text = f"{message.subject}\n{message.body}"
            if CODE.search(text):
                for recipient in message.to:
                    path_for(Path(os.environ["TOOLS_MAIL"]), recipient).write_text(text)
        return len(email_messages)


def path_for(folder: Path, recipient: str) -> Path:
    """Return the file that holds the newest mail with a code for this recipient."""
    return folder / hashlib.sha256(recipient.encode()).hexdigest()


def read_code(folder: Path, recipient: str) -> str:
    """Return the newest code sent to this recipient. Raises `FileNotFoundError` where none was sent."""
    text = path_for(folder, recipient).read_text()
    found = CODE.search(text)
    if found is None:
        raise ValueError(f"the newest mail to {recipient} holds no code")
    return found[0]
