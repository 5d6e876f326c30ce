"""A mail server for tests: it takes letters only after STARTTLS and a login, and writes each into a file of JSON.

    python mail_server.py FOLDER

The folder gets the certificate of the authority, `ca.pem`. The server prints its port, and ends with its input.
"""

import asyncio
import email
import email.policy
import json
import os
import pathlib
import ssl
import sys

import trustme
from aiosmtpd.smtp import SMTP, AuthResult

USER, PASSWORD = b"post", b"of the office"


class Handler:
    def __init__(self, folder):
        self.folder = folder
        self.count = 0

    async def handle_DATA(self, server, session, envelope):
        letter = email.message_from_bytes(envelope.content, policy=email.policy.default)
        parts = list(letter.walk())

        def text(kind):
            return "".join(part.get_content() for part in parts if part.get_content_type() == kind)

        content = {
            "to": envelope.rcpt_tos,
            "headers": {name.lower(): str(value) for name, value in letter.items()},
            "types": [part.get_content_type() for part in parts],
            "text": text("text/plain"),
            "html": text("text/html"),
        }
        self.count += 1
        # A reader sees whole files only.
        half = self.folder / "letter.part"
        half.write_text(json.dumps(content))
        os.replace(half, self.folder / f"{self.count}.json")
        return "250 taken"


def authenticate(server, session, envelope, mechanism, data):
    return AuthResult(success=(data.login, data.password) == (USER, PASSWORD), handled=False)


async def main(folder):
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    handler = Handler(folder)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(
            handler,
            hostname="localhost",
            tls_context=context,
            require_starttls=True,
            auth_required=True,
            authenticator=authenticate,
        ),
        "127.0.0.1",
        0,
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    os._exit(0)


asyncio.run(main(pathlib.Path(sys.argv[1])))
