#!/usr/bin/env python3
"""vectors.py [vectors.json] - checks the committed vectors with nothing but this file: canonical
JSON, bech32m, RFC 6962 trees, bucket trees, Ed25519 (RFC 8032), tagged hashes. Prints one line."""
import base64
import hashlib
import json
import os
import sys

path = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "vectors.json")
checks = 0


def must(good, what):
    global checks
    checks += 1
    if not good:
        sys.exit("vectors.py: " + what)


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def be64(v):
    return v.to_bytes(8, "big")


# Canonical JSON: sorted keys, no blanks, the escapes of RFC 8785, whole numbers.
ESCAPES = {8: "\\b", 9: "\\t", 10: "\\n", 12: "\\f", 13: "\\r", 34: '\\"', 92: "\\\\"}


def canon(v):
    if v is None or isinstance(v, bool) or isinstance(v, int):
        return json.dumps(v)
    if isinstance(v, str):
        return '"' + "".join(ESCAPES.get(ord(c)) or ("\\u%04x" % ord(c) if ord(c) < 32 else c)
                             for c in v) + '"'
    if isinstance(v, list):
        return "[" + ",".join(map(canon, v)) + "]"
    return "{" + ",".join(canon(k) + ":" + canon(v[k]) for k in sorted(v)) + "}"


# Ed25519
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def recover(y, sign):
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    assert (x * x - x2) % P == 0
    return x if x & 1 == sign else P - x


def point(b):
    y = int.from_bytes(b, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    x = recover(y, sign)
    return (x, y, 1, x * y % P)


def add(a, b):
    p, q = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    r, s = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = q - p, s - r, s + r, q + p
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def mul(k, a):
    out = (0, 1, 1, 0)
    while k:
        if k & 1:
            out = add(out, a)
        a = add(a, a)
        k >>= 1
    return out


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE = point(BASE_Y.to_bytes(32, "little"))


def ed25519_good(pub, msg, sig):
    r, s = point(sig[:32]), int.from_bytes(sig[32:], "little")
    h = int.from_bytes(hashlib.sha512(sig[:32] + pub + msg).digest(), "little") % L
    a, b = mul(s, BASE), add(r, mul(h, point(pub)))
    return s < L and (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0


def raw_ed25519(spki):
    must(spki[:12] == bytes.fromhex("302a300506032b6570032100") and len(spki) == 44, "an SPKI")
    return spki[12:]


# bech32m
CHARS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


def polymod(values):
    c = 1
    for v in values:
        top = c >> 25
        c = (c & 0x1FFFFFF) << 5 ^ v
        for i, g in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            c ^= g if top >> i & 1 else 0
    return c


def address_text(b):
    bits = "".join("{:08b}".format(x) for x in b)
    data = [int(bits[i:i + 5].ljust(5, "0"), 2) for i in range(0, len(bits), 5)]
    hrp = "ogpu"
    head = [ord(c) >> 5 for c in hrp] + [0] + [ord(c) & 31 for c in hrp]
    check = polymod(head + data + [0] * 6) ^ 0x2BC830A3
    return hrp + "1" + "".join(CHARS[x] for x in data + [check >> 5 * (5 - i) & 31 for i in range(6)])


def address_of(alg, spki):
    return sha(alg.encode(), b"\0", spki)[:20]


# RFC 6962
def leaf(data):
    return sha(b"\0", data)


def root(leaves):
    if not leaves:
        return sha(b"")
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return sha(b"\1", root(leaves[:k]), root(leaves[k:]))


def bucket_root(contents):
    """contents: bucket number -> bytes; 2^16 leaves, the empty ones shared."""
    level = {i: leaf(c) for i, c in contents.items()}
    empty = leaf(b"")
    for _ in range(16):
        level = {i: sha(b"\1", level.get(2 * i, empty), level.get(2 * i + 1, empty))
                 for i in {j // 2 for j in level}}
        empty = sha(b"\1", empty, empty)
    return level.get(0, empty)


def uvarint(n):
    out = b""
    while n > 127:
        out, n = out + bytes([n & 127 | 128]), n >> 7
    return out + bytes([n])


def map_leaf(key, value):
    return leaf(uvarint(len(key)) + key + uvarint(32) + sha(value))


KINDS = {"num": 0, "dec": 1, "hash": 2, "addr": 3, "text": 4, "blob": 5, "enum": 6}


def column(kind, value):
    out = bytes([KINDS[kind]])
    if kind in ("num", "dec", "enum"):
        return out + be64(int(value))
    data = value.encode() if kind == "text" else bytes.fromhex(value)
    return out + (data if kind in ("hash", "addr") else len(data).to_bytes(4, "big") + data)


def store_root(store):
    if "map" in store:
        return root([map_leaf(k.encode(), v.encode())
                     for k, v in sorted(store["map"], key=lambda e: e[0].encode())])
    buckets = {}
    for cols in store["rows"]:
        parts = [column(*c) for c in cols]
        key = b"".join(parts[:store["key"]])
        buckets.setdefault(int.from_bytes(sha(key)[:2], "big"), []).append((key, sha(*parts)))
    return bucket_root({i: b"".join(len(k).to_bytes(4, "big") + k + h for k, h in sorted(rows))
                        for i, rows in buckets.items()})


with open(path) as f:
    v = json.load(f)

for c in v["canonical"]:
    must(canon(json.loads(c["in"])) == c["out"], "canonical form of " + c["in"])

for a in v["addresses"]:
    spki = bytes.fromhex(a["key"])
    must(address_of(a["alg"], spki).hex() == a["bytes"], "address of " + a["alg"])
    must(address_text(bytes.fromhex(a["bytes"])) == a["address"], "bech32m of " + a["alg"])

genesis = v["genesis"]["line"].encode()
chain = sha(genesis)
must(canon(json.loads(genesis)).encode() == genesis, "the genesis is canonical")
must(chain.hex() == v["genesis"]["chain"], "chain id")

keys = {}
leaves = {}
for t in v["transactions"]:
    tx = json.loads(t["line"])
    must(canon(tx) == t["line"], "a transaction is canonical")
    sig = base64.b64decode(tx.pop("sig"), validate=True)
    unsigned = b"OGPU-TX-v1\0" + canon(tx).encode()
    must(sha(unsigned).hex() == t["txid"], "txid")
    must(leaf(t["line"].encode()).hex() == t["leaf"], "leaf")
    must(tx["chain"] == chain.hex(), "a transaction names the chain")
    if "pub" in tx:
        spki = base64.b64decode(tx["pub"]["key"], validate=True)
        must(address_text(address_of(tx["pub"]["alg"], spki)) == tx["from"], "'from' is the key's")
        keys[tx["from"]] = raw_ed25519(spki)
    must(ed25519_good(keys[tx["from"]], unsigned, sig), "signature of a transaction")
    must(not ed25519_good(keys[tx["from"]], unsigned + b"x", sig), "a wrong signature fails")

nodes = json.loads(genesis)["nodes"]
parent, time_ms, at = chain, 0, 0
beacon = sha(b"ogpu-beacon\0", chain)
app = v["genesis"]["app_hash"]
for height, h in enumerate(v["headers"], 1):
    line = json.loads(h["line"])
    must(canon(line) == h["line"], "a header is canonical")
    must(sha(h["line"].encode()).hex() == h["hash"], "hash of a header")
    must(line["height"] == height and line["parent"] == parent.hex(), "headers are chained")
    must(line["chain"] == chain.hex() and line["time_ms"] > time_ms, "chain and time of a header")
    must(line["app_hash"] == app, "a header has the state before it")
    sig = base64.b64decode(line.pop("sig"), validate=True)
    spki = base64.b64decode(nodes[line["proposer"] - 1]["keys"]["consensus"]["key"])
    must(ed25519_good(raw_ed25519(spki), b"OGPU-BLOCK-v1\0" + canon(line).encode(), sig),
         "signature of a header")
    n = line["n_tx"] - 1
    txs = [leaf(h["open"].encode())] + [leaf(t["line"].encode())
                                        for t in v["transactions"][at:at + n]]
    at += n
    must(root(txs).hex() == line["tx_root"], "root of the transactions")
    opened = json.loads(h["open"])
    must(canon(opened) == h["open"] and opened["body"]["pi"] == line["pi"], "block.open")
    gamma = bytes.fromhex(line["pi"])[:33]
    must(sha(b"\1\3", gamma, b"\0").hex() == h["beta"], "beta of the VRF")
    beacon = sha(beacon, bytes.fromhex(h["beta"]))
    must(beacon.hex() == h["beacon"], "beacon")
    parent, time_ms, app = bytes.fromhex(h["hash"]), line["time_ms"], h["app_hash_after"]
must(at == len(v["transactions"]), "every transaction is in a block")

names = sorted(v["stores"], key=lambda s: s.encode())
top = root([map_leaf(s.encode(), store_root(v["stores"][s])) for s in names])
must(top.hex() == v["app_hash"] == app, "app_hash")

c = v["commitments"]
nonce, r, node = (bytes.fromhex(c[k]) for k in ("nonce", "root", "node"))
must(c["chain"] == chain.hex(), "chain of the commitments")
head = chain + be64(c["lease"]) + node + nonce
must(sha(b"ogpu-commit\0", head, r).hex() == c["commit"], "hash of result.commit")
must(sha(b"ogpu-verdict\0", head, sha(r)).hex() == c["verdict"], "hash of verdict.commit")

print("vectors.py: %d checks passed" % checks)
