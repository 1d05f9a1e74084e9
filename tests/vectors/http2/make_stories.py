"""Writes hpack_stories.json: header blocks as Python's hpack encodes them."""
import json
import random

from hpack import Encoder, HeaderTuple, NeverIndexedHeaderTuple

rng = random.Random(7541)
NAMES = [":method", ":path", "content-type", "grpc-timeout", "te", "user-agent", "x-long", "cookie", "authorization", "x-ö"]
CHARS = [chr(c) for c in range(0x21, 0x7F)] + ["\xe4", "\xff", "\x80"]


def value():
    return "".join(rng.choice(CHARS) for _ in range(rng.choice([0, 1, 5, 20, 130, 400])))


stories = []
for size in [4096, 0, 64, 256]:
    for huffman in [True, False]:
        encoder = Encoder()
        encoder.header_table_size = size
        blocks = []
        for number in range(12):
            if number == 6 and size:
                encoder.header_table_size = size // 2
            if number == 9 and size:
                encoder.header_table_size = size
            fields = []
            for _ in range(rng.randint(1, 8)):
                kind = rng.choice([HeaderTuple, HeaderTuple, NeverIndexedHeaderTuple])
                fields.append((rng.choice(NAMES), value(), kind))
            raw = [kind(n.encode("latin-1"), v.encode("latin-1")) for n, v, kind in fields]
            blocks.append({"block": encoder.encode(raw, huffman=huffman).hex(), "fields": [[n, v] for n, v, _ in fields]})
        stories.append({"tableBytes": 4096, "blocks": blocks})
with open("hpack_stories.json", "w") as out:
    json.dump(stories, out, indent=1)
