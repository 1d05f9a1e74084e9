"""Writes signatures.json: the signatures of Project Wycheproof that a verifier of signet's kinds may meet, in a shorter form.

Usage: python3 pick.py CHECKOUT, a clone of https://github.com/C2SP/wycheproof. A file is cut to every n-th of its tests where its
keys are large; every one that is neither valid nor invalid ("acceptable") stays.
"""
import base64
import json
import pathlib
import sys

# file, how the signatures are made, and which of its tests are taken: every n-th.
FILES = [
    ("ecdsa_secp256r1_sha256", {"type": "ecdsa", "digest": "SHA-256"}, 1),
    ("ecdsa_secp256r1_sha512", {"type": "ecdsa", "digest": "SHA-512"}, 4),
    ("ecdsa_secp384r1_sha256", {"type": "ecdsa", "digest": "SHA-256"}, 4),
    ("ecdsa_secp384r1_sha384", {"type": "ecdsa", "digest": "SHA-384"}, 1),
    ("ecdsa_secp384r1_sha512", {"type": "ecdsa", "digest": "SHA-512"}, 4),
    ("ecdsa_secp521r1_sha512", {"type": "ecdsa", "digest": "SHA-512"}, 1),
    ("ed25519", {"type": "ed25519"}, 1),
    ("rsa_signature_2048_sha256", {"type": "rsa", "digest": "SHA-256"}, 1),
    ("rsa_signature_2048_sha384", {"type": "rsa", "digest": "SHA-384"}, 4),
    ("rsa_signature_2048_sha512", {"type": "rsa", "digest": "SHA-512"}, 4),
    ("rsa_signature_3072_sha256", {"type": "rsa", "digest": "SHA-256"}, 6),
    ("rsa_signature_4096_sha512", {"type": "rsa", "digest": "SHA-512"}, 8),
    ("rsa_signature_8192_sha256", {"type": "rsa", "digest": "SHA-256"}, 8),
]
RESULTS = {"valid": 1, "acceptable": 0, "invalid": -1}


def b64(hexadecimal):
    return base64.b64encode(bytes.fromhex(hexadecimal)).decode()


folder = pathlib.Path(sys.argv[1]) / "testvectors_v1"
files = []
for name, scheme, step in FILES:
    document = json.loads((folder / f"{name}_test.json").read_text())
    groups = []
    number = 0
    for group in document["testGroups"]:
        tests = []
        for test in group["tests"]:
            number += 1
            if number % step == 0 or test["result"] == "acceptable":
                tests.append([test["tcId"], RESULTS[test["result"]], test["comment"], b64(test["msg"]), b64(test["sig"])])
        if tests:
            groups.append({"spki": b64(group["publicKeyDer"]), "tests": tests})
    files.append({"name": name, "scheme": scheme, "groups": groups})
text = json.dumps(files, separators=(",", ":")).replace("],[", "],\n[")
pathlib.Path(__file__).with_name("signatures.json").write_text(text + "\n")
