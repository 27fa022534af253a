"""`make opencode`: push the sessions of a real OpenCode while it runs, and look for them on the page (needs npm).

OpenCode asks a stand-in for a model on loopback and has no other provider. The example project is served on loopback.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookiejar import CookieJar
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, Request, build_opener, urlopen

from scripts.example_site import ExampleSite, served_example
from scripts.npm import UnavailableError, install

VERSION = "1.18.33"
PASSWORD = "only-on-loopback"
REPOSITORY = "acme/opencode-demo"
# One answer of the model: 40,000 fresh and 60,000 cached tokens in, 5,000 out: 0.1075 USD by the list of gpt-5.
USAGE = {
    "prompt_tokens": 100_000,
    "completion_tokens": 5_000,
    "total_tokens": 105_000,
    "prompt_tokens_details": {"cached_tokens": 60_000},
}


def main() -> int:
    try:
        command = install("opencode-ai", VERSION, "opencode")
    except UnavailableError as reason:
        print(reason, file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as home, served_example() as site, stand_in_model() as model:
        token = make_person(site)
        browser = log_in(site)
        with running_opencode(command, Path(home), model) as opencode:
            session = post(f"{opencode}/session", {})["id"]
            for answers, cost in ((1, "$0.11"), (3, "$0.32")):
                while answers > count_answers(opencode, session):
                    say_something(opencode, session)
                print(push(site, token, Path(home)), end="")
                check_api(site, token, cost)
                check_page(site, browser, cost)
                print(f"{answers} answers: the API and the page show them, cost {cost}.")
    return 0


class StandInModel(BaseHTTPRequestHandler):
    """Answers every question with one word and the same usage, as a stream of the chat completions API."""

    def do_POST(self) -> None:
        question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        about = {"id": "answer", "object": "chat.completion.chunk", "created": 1, "model": question["model"]}
        first = {"index": 0, "delta": {"role": "assistant", "content": "Done."}, "finish_reason": None}
        last: dict[str, Any] = {"index": 0, "delta": {}, "finish_reason": "stop"}
        for more in ({"choices": [first]}, {"choices": [last]}, {"choices": [], "usage": USAGE}):
            self.wfile.write(b"data: " + json.dumps(about | more).encode() + b"\n\n")
        self.wfile.write(b"data: [DONE]\n\n")

    def log_message(self, *_: object) -> None:
        """Prints nothing."""


@contextmanager
def stand_in_model() -> Iterator[str]:
    """The address of a model's API on loopback."""
    with ThreadingHTTPServer(("127.0.0.1", 0), StandInModel) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()


@contextmanager
def running_opencode(command: Path, home: Path, model: str) -> Iterator[str]:
    """The address of an OpenCode that works in a clone of the repository and asks only the stand-in."""
    clone = home / "clone"
    subprocess.run(["git", "init", "--quiet", clone], check=True)
    subprocess.run(["git", "-C", clone, "remote", "add", "origin", f"git@github.com:{REPOSITORY}.git"], check=True)
    with subprocess.Popen(
        [command, "serve", "--port", "0"],
        cwd=clone,
        env=_environment(home, model),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            addresses = (re.search(r"listening on (http://\S+)", line) for line in process.stdout or ())
            yield next(found[1] for found in addresses if found)
        finally:
            process.terminate()


def _environment(home: Path, model: str) -> dict[str, str]:
    places = {f"XDG_{name}_HOME": str(home / name.lower()) for name in ("DATA", "CONFIG", "STATE", "CACHE")}
    offline = dict.fromkeys(
        (
            "OPENCODE_DISABLE_AUTOUPDATE",
            "OPENCODE_DISABLE_MODELS_FETCH",
            "OPENCODE_DISABLE_LSP_DOWNLOAD",
            "OPENCODE_DISABLE_DEFAULT_PLUGINS",
        ),
        "1",
    )
    provider = {
        "npm": "@ai-sdk/openai-compatible",
        "options": {"baseURL": model, "apiKey": "none"},
        "models": {"gpt-5": {"name": "gpt-5", "limit": {"context": 400_000, "output": 100_000}}},
    }
    settings = {
        "share": "disabled",
        "model": "openai/gpt-5",
        "small_model": "openai/gpt-5",
        "provider": {"openai": provider},
    }
    return {**os.environ, **places, **offline, "HOME": str(home), "OPENCODE_CONFIG_CONTENT": json.dumps(settings)}


def say_something(opencode: str, session: str) -> None:
    post(f"{opencode}/session/{session}/message", {"parts": [{"type": "text", "text": "please"}]})


def count_answers(opencode: str, session: str) -> int:
    with urlopen(f"{opencode}/session/{session}/message") as answer:
        return sum(message["info"]["role"] == "assistant" for message in json.load(answer))


def make_person(site: ExampleSite) -> str:
    """A token of a new person."""
    site.manage("createsuperuser", "--noinput", "--username=ada", "--email=ada@acme.example", **_PASSWORD)
    return site.manage("drf_create_token", "ada").split()[2]


_PASSWORD = {"DJANGO_SUPERUSER_PASSWORD": PASSWORD}


def push(site: ExampleSite, token: str, home: Path) -> str:
    """Run `org-analytics push` as a developer would. OpenCode goes on running."""
    done = subprocess.run(
        [sys.executable, "-m", "org_analytics.push", "push", "--server", site.url],
        env={
            **os.environ,
            "HOME": str(home),
            "ORG_ANALYTICS_TOKEN": token,
            **{f"XDG_{name}_HOME": str(home / name.lower()) for name in ("DATA", "CONFIG", "STATE")},
        },
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return done.stdout


def check_api(site: ExampleSite, token: str, cost: str) -> None:
    request = Request(f"{site.url}/api/v1/org/analytics", headers={"Authorization": f"Token {token}"})
    with urlopen(request) as answer:
        totals = json.load(answer)["totals"]
    assert totals["session_count"] == 1, totals
    assert totals["total_cost_usd"] == cost.removeprefix("$"), totals


def check_page(site: ExampleSite, browser: OpenerDirector, cost: str) -> None:
    with browser.open(f"{site.url}/organization") as answer:
        page = answer.read().decode()
    assert cost in page, f"{cost} is not on the page"
    assert REPOSITORY in page, f"{REPOSITORY} is not on the page"
    assert "OpenCode" in page, "OpenCode is not on the page"


def log_in(site: ExampleSite) -> OpenerDirector:
    """A browser without scripts in which the person is logged in."""
    browser = build_opener(HTTPCookieProcessor(CookieJar()))
    address = f"{site.url}/account/login"
    with browser.open(address) as answer:
        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', answer.read().decode())
    assert found, "the login has no form"
    form = {"csrfmiddlewaretoken": found[1], "username": "ada", "password": PASSWORD}
    with browser.open(Request(address, urlencode(form).encode(), {"Referer": address})):
        return browser


def post(url: str, value: Any) -> Any:
    request = Request(url, json.dumps(value).encode(), {"Content-Type": "application/json"})
    with urlopen(request, timeout=120) as answer:
        return json.load(answer)


if __name__ == "__main__":
    sys.exit(main())
