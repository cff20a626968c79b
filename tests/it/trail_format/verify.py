"""Verifies directories of audit trails, named on standard input, by deploy/docs/trail-format.md alone; answers a code each."""
import base64, hashlib, json, os, re, sys
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
PEM = open(sys.argv[1], "rb").read()
KEY = load_pem_public_key(PEM)
KEY_ID = hashlib.sha256(KEY.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()[:16]
ALTERED, MISSING, CONFLICTING, CUT_OFF, UNREADABLE = 10, 11, 15, 17, 18
FILES = r"lock|head|removed|public-key|positions-.*|cursor-.*|(?!0{8})\d{8}\.jsonl"
class Wrong(Exception): pass
def need(holds, code=ALTERED):
    if not holds: raise Wrong(code)
def octets(text):
    raw = base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
    need(base64.b64encode(raw).rstrip(b"=") == text)
    return raw
def checkpoint(text, role, trail):
    need(text[-96:-88] == b',"sig":"' and text.endswith(b'"}'))
    KEY.verify(octets(text[-88:-2]), text[:-96])
    said = json.loads(text[:-96] + b"}")
    need((said["as"], said["checkpoint"]) == (role, trail))
    return said | {"h": octets(said["h"].encode())}
def statement(dir, role):
    raw = open(f"{dir}/{role}", "rb").read()
    need(len(raw) == 512 and raw.endswith(b"\n"))
    text = raw[:-1].rstrip(b" ")
    need(json.loads(text[:-96] + b"}")["key"] == KEY_ID, UNREADABLE)
    return checkpoint(text, role, dir[-8:])
def lines(dir, number, n, h):  # number, kind, JSON, body, hash and end of each line; at last what is unfinished
    text, start = open(f"{dir}/{number:08}.jsonl", "rb").read(), 0
    while (end := text.find(b"\n", start)) >= 0:
        form = re.fullmatch(rb'(\{"n":(0|[1-9]\d*),"([^"]+)":.*),"h":"(.{43})"\}', text[start:end], re.S)
        need(form)
        need(int(form[2]) <= n + 1, MISSING)
        h, n, start = hashlib.sha256(h + form[1]).digest(), n + 1, end + 1
        need((int(form[2]), octets(form[4])) == (n, h))
        yield n, form[3], json.loads(form[1] + b"}"), form[1], h, start
    if start < len(text): yield n, b"", None, b"", h, len(text)
def trail(dir):
    name, head, seen, events = dir[-8:], statement(dir, "head"), {}, {}
    need(open(f"{dir}/public-key", "rb").read() == PEM)
    removed = statement(dir, "removed")
    need(removed["segment"] < head["segment"])
    for file in os.scandir(dir): need(re.fullmatch(FILES, file.name) and file.is_file(follow_symlinks=False))
    there = [int(file[:8]) for file in os.listdir(dir) if file.endswith(".jsonl")] + [0]
    last, passed, ahead, newest = (removed["n"], removed["h"], 0), False, False, max(*there, head["segment"])
    for number in range(removed["segment"] + 1, newest + 1):
        need(number in there, MISSING if max(there) > number else CUT_OFF)
        last, first = (*last[:2], 0), True
        for n, kind, said, body, h, end in lines(dir, number, *last[:2]):
            if said is None:
                need(number == newest and passed, CUT_OFF)
                break
            need((kind == b"segment") == first and not ahead)
            if first:
                need(said["format"] == 1, UNREADABLE)
                need((said["segment"], said["trail"], octets(said["previous"].encode())) == (number, name, last[1]))
            if kind == b"mark":
                mark = checkpoint(body[body.index(b'{"checkpoint"'):body.rindex(b',"seen":')], "mark", name)
                need((mark["segment"], mark["n"], mark["h"], mark["bytes"]) == (number, *last))
            if n > head["n"]: ahead = kind in (b"mark", b"segment")
            elif kind == b"mark": seen |= said["seen"]
            elif kind == b"bucket":
                content = {field: said[field] for field in said.keys() - {"n", "sealed", "device_ref"}}
                events.setdefault((said["bucket"], said["epoch"], said["seq"]), []).append(content)
            if (number, n) == (head["segment"], head["n"]):
                need((head["h"], head["bytes"]) == (h, end))
                passed = True
            last, first = (n, h, end), False
        need(number != head["segment"] or passed, CUT_OFF)
    for once in events.values(): need(all(content == once[0] for content in once), CONFLICTING)
    return name, seen
for dir in map(str.strip, sys.stdin):
    code = 0
    try:
        trails = dict(trail(f"{dir}/{name}") for name in os.listdir(dir) if re.fullmatch(r"trail-[0-9a-f]{8}", name))
        need(trails, UNREADABLE)
        for seen in trails.values(): need(seen.keys() <= trails.keys(), MISSING)
    except Wrong as wrong: code = wrong
    except Exception as other: code = CUT_OFF if isinstance(other, FileNotFoundError) else ALTERED
    print(code, flush=True)
