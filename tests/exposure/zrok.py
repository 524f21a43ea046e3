"""Behaves as zrok does: the flags of `share public`, what it says, and a reverse proxy.

What it says and when is from cmd/zrok2/sharePublic.go, cmd/zrok/shareReserved.go (1.0) and
endpoints/publicProxy/http.go of openziti/zrok. AS says which version and what is wrong with it.
"""

import http.client
import http.server
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import urlsplit

AS = set(os.environ.get("ZROK_AS", "").split())
LOG = Path(os.environ["ZROK_LOG"])
PAGE = b"<!DOCTYPE html>\n<html><head><title>zrok</title></head><body>Visit?</body></html>"
FLAGS = "--headless  Disable TUI and run headless\n"


def note(text: str) -> None:
    with LOG.open("a") as file:
        file.write(text + "\n")


class Frontend(http.server.BaseHTTPRequestHandler):
    """The public frontend, and the backend behind it."""

    target = ""

    def forward(self) -> None:
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        shown = "interstitial" in AS or (
            "browsers" in AS and self.headers.get("User-Agent", "").startswith("Mozilla")
        )
        passes = self.headers.get("skip_zrok_interstitial") and "strict" not in AS
        if self.command == "POST" and shown and not passes:
            return self.answer(200, [("Content-Type", "text/html")], PAGE)
        if self.command == "POST" and "redirects" in AS:
            return self.answer(307, [("Location", "https://elsewhere.example/")], b"")
        headers = {
            name: value
            for name, value in self.headers.items()
            if name.lower() not in ("transfer-encoding", "content-length", "connection")
        }
        headers["X-Proxy"] = "zrok"
        if "headers" in AS:
            headers = {n: v for n, v in headers.items() if not n.lower().startswith("x-signature")}
        if "body" in AS:
            body = body.replace(b"\r\n", b"\n")
        if "small" in AS and len(body) > 100_000:
            return self.answer(413, [], b"")
        connection = http.client.HTTPConnection(self.target, timeout=40)
        connection.request(self.command, self.path, body, headers)
        answer = connection.getresponse()
        fields = [(n, v) for n, v in answer.getheaders() if n.lower() != "content-length"]
        content = answer.read()
        connection.close()
        self.answer(answer.status, fields, b"{}" if "answers" in AS else content)

    do_GET = do_POST = forward

    def answer(self, status: int, fields: list[tuple[str, str]], content: bytes) -> None:
        self.send_response(status)
        for name, value in [*fields, ("Content-Length", str(len(content)))]:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """The log is zrok's own."""


def main() -> None:
    arguments = sys.argv[1:]
    if arguments[:2] == ["share", "public"] and "--help" in arguments:
        new = "" if "1.0" in AS else "-n, --name-selection stringArray\n--force-local\n"
        print(f"Share a target resource publicly\n{FLAGS}{new}")
        return
    note(" ".join(arguments))
    if "disabled" in AS:
        why = "unable to load environment; did you 'zrok2 enable'?"
        sys.exit(f"[\x1b[1;31mERROR\x1b[0m]: unable to create share ({why})")
    if "taken" in AS:
        sys.exit("[ERROR]: unable to create share ([POST /share][409] shareConflict)")
    if "silent" in AS:
        signal.pause()
    override = "--override-endpoint"
    where = arguments[arguments.index(override) + 1] if override in arguments else arguments[-1]
    Frontend.target = urlsplit(where).netloc
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Frontend)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    url = f"http://127.0.0.1:{server.server_port}"
    if "reserved" in arguments:
        print(f"[   0.1]    INFO main.run: access your zrok share: {url}", file=sys.stderr)
    elif "logfmt" in AS:
        said = f"access your zrok share at the following endpoints:\\n {url}"
        print(f'time="2026-01-01T00:00:00Z" level=info msg="{said}"', file=sys.stderr)
    else:
        said = f"access your zrok share at the following endpoints:\n {url}"
        print(f"\x1b[90m[   0.1]\x1b[0m    \x1b[34mINFO\x1b[0m {said}", file=sys.stderr)
    sys.stderr.flush()
    if "dies" in AS:
        sys.exit("[ERROR]: the router is gone")
    if "heir" in AS:
        note(str(subprocess.Popen(["sleep", "60"]).pid))
        return
    ended.wait()
    note("deleted")


if __name__ == "__main__":
    main()
