"""Mutated links, files and texts, seeded so that a fault can be reproduced."""

import json
import random
import re
import zlib
from base64 import urlsafe_b64encode
from pathlib import Path

import mlpcore as mlp
from mlpcore.exchange import from_json, from_link, list_readings, numpy_script, read_named, to_csv, to_json, to_link

CASES = Path(__file__).parents[2] / "data" / "paste.jsonl"
NASTY = [
    "1e999", "-1e999", "NaN", "Infinity", "-0.0", "5e-324", "9" * 400, "9" * 5000, "null", "true", "[]", "{}", '""',
    "[[", "]]", "{", "}", '"', ",", ";", "\t", "\n", "\\\\", "&", r"\begin{bmatrix}", r"\end{bmatrix}", "\x00",
    "\ud800", "\u2212", "\U0001f600", "[" * 3000, "1," * 3000, '{"f64":"AAAA","shape":[1,1]}', "[1e5,1e5]", "-1", "999",
    '"shape":[256,256]', '"version":2', '"W":[]', '"layers":[]', "1_0", "0x10", "٣",
]  # fmt: skip


def mutate(text, rng):
    """Change a text in one to four places."""
    for _ in range(rng.randint(1, 4)):
        a = rng.randrange(len(text) + 1)
        b = min(len(text), a + rng.choice((1, 1, 2, 5, 40)))
        how = rng.randrange(9)
        if how == 0:
            text = text[:a] + text[b:]
        elif how == 1:
            text = text[:a] + rng.choice(NASTY) + text[b:]
        elif how == 2:
            text = text[:a] + rng.choice(NASTY) + text[a:]
        elif how == 3:
            text = text[:a] + text[a:b] * rng.choice((2, 10, 300)) + text[b:]
        elif how == 4:
            text = text[:a] + chr(rng.choice((rng.randrange(32, 127), rng.randrange(1, 0xD800)))) + text[b:]
        elif how == 5:
            text = text[:a]
        elif how in (7, 8):  # replace one number and keep what is around it
            if number := re.compile(r"-?\d[\d.e-]*").search(text, a):
                text = text[: number.start()] + rng.choice(NASTY) + text[number.end() :]
        else:
            c = rng.randrange(len(text) + 1)
            text = text[:a] + text[c : c + 40] + text[b:]
    return text


def _documents():
    documents = [to_json({"setup": e.setup, "schedule": "cache S"}) for e in mlp.EXAMPLES.values()]
    wide = mlp.setup.resized(mlp.EXAMPLES["worksheet"].setup, (40, 40, 2), 9, ("relu", "tanh"), (True, False))
    return [*documents, to_json({"setup": wide}), to_json({"setup": mlp.EXAMPLES["xor"].setup}, wide=True)]


def _texts():
    W = mlp.EXAMPLES["larger"].net[2].W
    rows = W.tolist()
    return [
        to_csv(W),
        "\n".join(";".join(str(x).replace(".", ",") for x in row) for row in rows),
        "\n".join("\t".join(map(str, row)) for row in rows),
        f"W = np.array({rows!r}, dtype=float)",
        str(W),
        "[" + "; ".join(" ".join(map(str, row)) for row in rows) + "]'",
        r"W_1 = \begin{bmatrix}" + r" \\ ".join(" & ".join(map(str, row)) for row in rows) + r"\end{bmatrix}^T",
        *(json.loads(case)["text"] for case in CASES.read_text(encoding="utf-8").splitlines()),
    ]


def _script():
    setup = mlp.EXAMPLES["worksheet"].setup
    return numpy_script(setup, *setup.run())


DOCUMENTS = _documents()
LINKS = [to_link(d) for d in DOCUMENTS[:8]]
TEXTS = _texts()
NAMED = [*TEXTS, CASES.with_name("exercise_2.md").read_text(encoding="utf-8"), _script()]


def _hostile(document):
    """Make a link whose checksum is right, whatever it holds."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = deflate.compress(document.encode("utf-8", "surrogatepass")) + deflate.flush()
    return "1." + urlsafe_b64encode(zlib.crc32(packed).to_bytes(4, "big") + packed).decode().rstrip("=")


def _open_link(link):
    return from_json(from_link(link))


#: What is fuzzed: how an input is drawn, what reads it, and the size that its cost is held against.
KINDS = {
    "link": (lambda rng: mutate(rng.choice(LINKS), rng), _open_link, len),
    "hostile link": (lambda rng: _hostile(mutate(rng.choice(DOCUMENTS), rng)), _open_link, lambda link: 100_000),
    "file": (lambda rng: mutate(rng.choice(DOCUMENTS), rng), from_json, len),
    "text": (lambda rng: mutate(rng.choice(TEXTS), rng), list_readings, len),
    "named": (lambda rng: mutate(rng.choice(NAMED), rng), read_named, len),
}


def attempt(kind, seed):
    """Draw one input; return it and a function that reads it. Anything but a ValueError is a fault."""
    draw, read, _ = KINDS[kind]
    text = draw(random.Random(f"{kind} {seed}"))
    return text, lambda: _outcome(read, text)


def _outcome(read, text):
    try:
        read(text)
    except ValueError as error:
        return "refused" if 0 < len(str(error)) < 500 else f"refused with {len(str(error))} characters"
    return "taken"
