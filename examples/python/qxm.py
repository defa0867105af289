"""A client of a qxm node, with nothing but Python's standard library (3.9 or newer): it registers an identifier,
changes it, registers a file of them, resolves them, and follows the changes that this made.

    python3 examples/python/qxm.py [PREFIX]

QXM_URL says where the node is, QXM_KEY is the API key of whoever owns the prefix (of the demo when absent).
"""

import json
import os
import secrets
import sys
import time
import uuid
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

URL = os.environ.get("QXM_URL", "http://127.0.0.1:8000")
KEY = os.environ.get("QXM_KEY") or Path("data/demo/enterprise.key").read_text().strip()
PREFIX = sys.argv[1] if len(sys.argv) > 1 else "88.118.8"

# How often a request is sent again before we give up.
ATTEMPTS_MAX = 8
# Longest that we wait for an answer, for a job, and for our own changes. The feed sends a sign of life every 15 s.
ANSWER_SECONDS_MAX = 30
PATIENCE_SECONDS = 60


class Refused(Exception):
    """The node answered, and it was no: a problem document (RFC 9457)."""

    def __init__(self, problem):
        super().__init__(f"{problem['status']} {problem['code']}: {problem['detail']}")
        self.status = problem["status"]
        self.code = problem["code"]


def send(method, path, body=None, **headers):
    """One request; the answer is (headers, bytes).

    429 (too many) and 503 (not now) say when to come back, and so we do: a write is safe to send again, because the
    node knows it by its Idempotency-Key and does it once.
    """
    if isinstance(body, dict):
        body = json.dumps(body)
        headers.setdefault("Content_Type", "application/json")
    if method != "GET":
        headers["Idempotency_Key"] = str(uuid.uuid4())
    request = Request(URL + path, method=method, data=body.encode() if body is not None else None)
    request.add_header("Authorization", f"Bearer {KEY}")
    request.add_header("Accept-Language", "en")
    for name, value in headers.items():
        request.add_header(name.replace("_", "-"), value)
    for attempt in range(1, ATTEMPTS_MAX + 1):
        try:
            with urlopen(request, timeout=ANSWER_SECONDS_MAX) as answer:
                return answer.headers, answer.read()
        except HTTPError as error:
            problem = json.load(error)
            if error.code not in (429, 503) or attempt == ATTEMPTS_MAX:
                raise Refused(problem) from None
            seconds = float(error.headers.get("Retry-After", 1))
            print(f"busy ({problem['code']}), again in {seconds:g} s")
            time.sleep(seconds)


def register(identifier, kind, values):
    """Registers an identifier. The answer is its ETag, or None where somebody has registered it already."""
    try:
        body = {"identifier": identifier, "kind": kind, "values": values}
        headers, _ = send("POST", "/v1/identifiers", body)
        return headers["ETag"]
    except Refused as refused:
        if refused.code == "ALREADY_EXISTS":
            return None
        raise


def change(identifier, edit, known=None):
    """Changes a record without writing over what somebody else did meanwhile.

    `If-Match` names the version that we have seen: `known` where there is one, else the one just read. 412 means that
    it is not the newest; then we read it and decide anew.
    """
    path = f"/v1/identifiers/{quote(identifier, safe='')}"
    for attempt in range(1, ATTEMPTS_MAX + 1):
        headers, body = send("GET", path)
        values = edit(json.loads(body)["values"])
        try:
            _, body = send("PATCH", path, {"values": values}, If_Match=known or headers["ETag"])
            return json.loads(body)
        except Refused as refused:
            if refused.status != 412 or attempt == ATTEMPTS_MAX:
                raise
            print("changed by somebody else (412), reading it again")
            known = None


def run_job(file, media_type):
    """Sends a file and waits until all its rows are written or refused."""
    _, body = send("POST", "/v1/jobs?into=identifiers", file, Content_Type=media_type)
    job = json.loads(body)
    given_up_at = time.monotonic() + PATIENCE_SECONDS
    while job["state"] in ("received", "checking", "applying"):
        if time.monotonic() > given_up_at:
            raise TimeoutError(f"job {job['id']} is still {job['state']}")
        time.sleep(0.2)
        _, body = send("GET", f"/v1/jobs/{job['id']}")
        job = json.loads(body)
    return job


def newest_change():
    """The newest change there is: whoever follows from here sees all that is done from now on."""
    headers, _ = send("GET", "/v1/changes?limit=1")
    return int(headers["X-Qxm-Newest"])


def follow(since):
    """Changes under the prefix, from the one behind `since` on, for as long as somebody takes them.

    A follower that stores `seq` with what it made of the change begins again behind it after a crash.
    """
    query = urlencode({"since": since, "prefix": PREFIX, "follow": "1"})
    request = Request(f"{URL}/v1/changes?{query}", headers={"Authorization": f"Bearer {KEY}"})
    try:
        with urlopen(request, timeout=ANSWER_SECONDS_MAX) as feed:
            for line in feed:
                # An empty line is a sign of life.
                if line.strip():
                    yield json.loads(line)
    except HTTPError as error:
        # 410: what we have seen is older than what is kept. Export everything, then follow from that moment's number.
        raise Refused(json.load(error)) from None


def main():
    run = secrets.token_hex(4)

    def name(suffix):
        return f"{PREFIX}/EX-{run}-{suffix}"

    since = newest_change()

    page = {"index": 1, "type": "URL", "data": f"https://example.com/{run}/0"}
    etag = register(name("0"), "product", [page])
    print(f"registered {name('0')} as version {etag}")
    again = register(name("0"), "product", [page])
    print(f"registered again: {'it is there already (409)' if again is None else 'a second one?'}")

    # A colleague is faster: the version we have seen is not the newest any more.
    change(name("0"), lambda values: values + [{"index": 2, "type": "NAME", "data": "named by a colleague"}])
    changed = change(name("0"), lambda values: values + [{"index": 3, "type": "MODEL", "data": "M-3"}], etag)
    print(f"changed to version {changed['serial']} with {len(changed['values'])} values")

    # Every column beyond the first two is a value of that type. The third row has a prefix that is nobody's.
    rows = [
        "identifier,kind,URL",
        f"{name('1')},product,https://example.com/{run}/1",
        f"{name('2')},product,https://example.com/{run}/2",
        f"0.0.0/EX-{run},product,https://example.com/{run}/nobody",
    ]
    job = run_job("\r\n".join(rows) + "\r\n", "text/csv")
    counts = job["counts"]
    print(f"job {job['state']}: {counts['rows']} rows, {counts['added']} added, {counts['refused']} refused")
    if counts["refused"] > 0:
        # The refused rows in the format that came, with what is wrong: to be corrected and sent again.
        _, errors = send("GET", f"/v1/jobs/{job['id']}/errors")
        print(errors.decode("utf-8-sig"))

    identifiers = [name("0"), name("1"), name("2"), name("unknown")]
    _, body = send("POST", "/v1/resolve:batch", {"identifiers": identifiers})
    for identifier, answer in zip(identifiers, json.loads(body)["answers"]):
        said = f"{answer['kind']}, {len(answer['values'])} values" if "values" in answer else answer["code"]
        print(f"resolved {identifier}: {said}")

    awaited = {name("0"), name("1"), name("2")}
    given_up_at = time.monotonic() + PATIENCE_SECONDS
    for each in follow(since):
        print(f"change {each['seq']}: {each['op']} {each['identifier']}")
        awaited.discard(each["identifier"])
        if not awaited or time.monotonic() > given_up_at:
            break
    print("done" if not awaited else f"never told of {sorted(awaited)}")


main()
