import assert from "node:assert/strict";

import { announce, peersAreRequired, testWithPeers } from "../../support/peers.ts";
import { run, tempDir } from "../../support/process.ts";
import { runsExecutable } from "../../support/server.ts";

const ROOT = new URL("../../../", import.meta.url).pathname;
const GUIDE = `${ROOT}docs/vm-guide.md`;
const CLAIM =
  "every command of the VM guide works, and ends with an Envoy that serves the renewed certificate";

/** The blocks of commands under each heading, in order. */
async function blocks(): Promise<readonly { readonly heading: string; readonly code: string }[]> {
  const text = await Deno.readTextFile(GUIDE);
  let heading = "";
  return [...text.matchAll(/^## (.*)$|^```sh\n([\s\S]*?)^```$/gm)].flatMap(([, title, code]) => {
    if (title !== undefined) heading = title;
    return code === undefined ? [] : [{ heading, code }];
  });
}

/** The guide's two machines in one: folders of its own over this machine's, a loopback, and a name for the CA. */
const NAMESPACE = `set -eu
scratch=$1; script=$2
ip link set lo up
mkdir -p "$scratch/etc"
cp -a /etc/. "$scratch/etc"
mount --bind "$scratch/etc" /etc
rm -f /etc/resolv.conf
echo '127.0.0.1 localhost ca.example.org' > /etc/hosts
rm -rf /etc/signet /etc/envoy
for folder in /run /var/lib /usr/local "$HOME" /var/log; do mount -t tmpfs tmpfs "$folder"; done
mkdir -p /usr/local/bin
cp "$scratch/bin/systemctl" "$scratch/bin/envoy" /usr/local/bin/
export PATH="/usr/local/bin:$PATH"
set -x
. "$script"
`;

/** All commands, with a look at the served certificate before it is renewed. */
function script(parts: Awaited<ReturnType<typeof blocks>>): string {
  const serial = parts.find(({ code }) => code.includes("x509 -noout -serial"))?.code ?? "";
  const typed = parts.map(({ heading, code }, at) => {
    const begins = parts[at - 1]?.heading !== heading;
    const before = begins && heading.startsWith("5.") ? `{ ${serial}} > /run/serial.before\n` : "";
    return `${before}echo "== ${heading}"\n${code}`;
  });
  return typed.join("\n") + RENEWED;
}

/** Envoy reads the files a moment after they changed. */
const RENEWED = `
for second in 1 2 3 4 5 6 7 8 9 10; do
  openssl s_client -connect localhost:8443 -CAfile /etc/envoy/identity/root-cert.pem </dev/null 2>/dev/null |
    openssl x509 -noout -serial -dates > /run/serial.after
  cmp -s /run/serial.before /run/serial.after || { echo "== renewed"; break; }
  sleep 1
done
test "$(head -n 1 /run/serial.after)" = "$(openssl x509 -in /etc/envoy/identity/cert-chain.pem -noout -serial)"
printf 'GET / HTTP/1.1\\r\\nHost: web\\r\\nConnection: close\\r\\n\\r\\n' |
  openssl s_client -connect localhost:8443 -quiet -CAfile /etc/envoy/identity/root-cert.pem && exit 1
test ! -e ~/web.token
for second in 1 2 3 4 5 6 7 8 9 10; do grep -q . /run/signet-renew.log && break; sleep 1; done
cat /run/signet-renew.log
cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | grep -q 'cert request --renew' && echo "== renewing"
test "$(stat -c %U:%a /var/lib/signet/ca/current/ca-key.pem)" = signet:600
echo "== done"
`;

function guideTest(): void {
  if (!runsExecutable()) return;
  if (Deno.uid() !== 0 && !peersAreRequired()) {
    return announce(`SKIPPED for want of root: ${CLAIM}`);
  }
  testWithPeers(
    CLAIM,
    ["curl", "envoy", "ip", "openssl", "systemd-analyze", "unshare"],
    async (_t, peers) => {
      await using scratch = await tempDir();
      await using tree = await repositoryWith(Deno.env.get("SIGNET_EXECUTABLE")!);
      await Deno.mkdir(`${scratch.path}/bin`);
      const tools = {
        systemctl: `${ROOT}tests/integration/vm_guide/systemctl.sh`,
        envoy: peers.envoy,
      };
      for (const [name, from] of Object.entries(tools)) {
        await Deno.copyFile(from, `${scratch.path}/bin/${name}`);
        await Deno.chmod(`${scratch.path}/bin/${name}`, 0o755);
      }
      await Deno.writeTextFile(`${scratch.path}/guide.sh`, script(await blocks()));
      const { code, stdout, stderr } = await run(peers.unshare, [
        ...["--mount", "--net", "--pid", "--fork", "--mount-proc", "--propagation", "private"],
        ...["sh", "-c", NAMESPACE, "guide", scratch.path, `${scratch.path}/guide.sh`],
      ], { cwd: tree.path });
      assert.equal(code, 0, `${stdout}\n${stderr}`);
      assert.match(stdout, /^hello from web$/m);
      assert.match(stdout, /^== renewed$/m);
      assert.match(stdout, /^== renewing$/m);
      assert.match(stdout, /^== done$/m);
    },
  );
}

/** What the guide's first commands take from the repository, with the executable that is tested in `dist`. */
async function repositoryWith(executable: string) {
  const tree = await tempDir();
  await Deno.mkdir(`${tree.path}/dist`);
  await Deno.copyFile(executable, `${tree.path}/dist/signet`);
  for (const folder of ["packaging", "docs"]) {
    await Deno.symlink(`${ROOT}${folder}`, `${tree.path}/${folder}`);
  }
  const { COMMANDS } = await import("signet/commands/mod.ts");
  const { formatManPage } = await import("../../../scripts/man_page.ts");
  const page = formatManPage({ commands: COMMANDS, version: "0", date: "2026-01-31" });
  await Deno.writeTextFile(`${tree.path}/dist/signet.1`, page);
  return tree;
}

guideTest();
