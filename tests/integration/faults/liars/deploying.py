"""What a rig prints that lies while it is deployed to, in place of the answer at one step."""

from __future__ import annotations

import json

NO_ANSWERS = {
    "nothing": b"",
    "no JSON": b"hello\n",
    "null": b"null\n",
    "a list": b"[]\n",
    "a number": b"7\n",
    "too deep": b"[" * 100_000 + b"\n",
    "deep": b'{"a":' * 900 + b"1" + b"}" * 900 + b"\n",
    "a line without end": b"x" * (17 * 2**20) + b"\n",
    "no UTF-8": b"\xff\xfe\n",
    "no keys": b"{}\n",
    "a key too many": b'{"extra": 1, "present": [true, true], "free": 99999999999}\n',
    "escapes": b'\x1b[2J\x1b]0;owned\x07{"\xe2\x80\xae": "\\u001b[31m"}\n',
}
_PROBE = {"gpus": 1, "gpu_source": "x", "python": "3.11.2", "python_fits": True, "numpy": "2.0", "numpy_fits": True}
_PROBE |= {"cores": 2}


def _probe(**changes: object) -> bytes:
    return json.dumps({**_PROBE, **changes}).encode() + b"\n"


def _look(**changes: object) -> bytes:
    finding = {"check": "driver", "gpu": 0, "state": "ok", "reason": "", "values": {}}
    return json.dumps({"findings": [{**finding, **changes}]}).encode() + b"\n"


OF_A_STEP = {
    "present": {
        "one file": b'{"present": [true], "free": 99999999999}\n',
        "numbers for booleans": b'{"present": [1, 1], "free": 99999999999}\n',
        "less than no room": b'{"present": [false, false], "free": -1}\n',
        "room as a text": b'{"present": [false, false], "free": "much"}\n',
        "room that is NaN": b'{"present": [false, false], "free": NaN}\n',
        "files that are not there": b'{"present": [true, true], "free": 99999999999}\n',
    },
    "probe": {
        "GPUs as a text": _probe(gpus="1"),
        "GPUs as a boolean": _probe(gpus=True),
        "more GPUs": _probe(gpus=2),
        "no cores": _probe(cores=0),
        "cores beyond reason": _probe(cores=10**300),
        "a version without end": _probe(python="3" * 10_000),
        "a word for yes": _probe(numpy_fits="yes"),
        "no numpy": _probe(numpy=None, numpy_fits=False, numpy_error="\x1b[2J"),
    },
    "health": {
        "a check that there is not": _look(check="made_up"),
        "another GPU": _look(gpu=7),
        "a state that there is not": _look(state="fine"),
        "a value beyond reason": _look(values={"temperature_c": 1e300}),
        "a reason without end": _look(reason="x" * 10_000),
    },
    "table": {
        "a negative size": b'{"bytes": -1, "made": true}\n',
        "a word for yes": b'{"bytes": 10, "made": "yes"}\n',
        "progress that is none": b'{"progress": [1]}\n',
        "progress and the end": b'{"progress": "half", "bytes": 1}\n',
    },
    "check": {
        "another objective": b'{"ready": true}\n{"objective": 2.0}\n{"objective": 2.0}\n',
        "NaN": b'{"ready": true}\n{"objective": NaN}\n{"objective": NaN}\n',
        "one answer": b'{"ready": true}\n{"objective": 0.5}\n',
    },
}
DEPLOY: dict[str, bytes] = {
    f"{step}: {name}": said
    for step, own in OF_A_STEP.items()
    for name, said in {**({} if step == "health" else NO_ANSWERS), **own}.items()  # its unit tests have these
}
