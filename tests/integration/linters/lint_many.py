"""Lints certificates with pkilint's lint_pkix_cert, many in one process: for each file a line of JSON with its findings of severity WARNING and above."""

import contextlib
import io
import json
import sys

from pkilint.bin import lint_pkix_cert

for path in sys.argv[1:]:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        lint_pkix_cert.main(["lint", "-s", "WARNING", "-f", "JSON", path])
    results = json.loads(printed.getvalue())["results"]
    findings = [finding for result in results for finding in result["finding_descriptions"]]
    print(json.dumps({"path": path, "findings": findings}))
