#!/bin/sh
# Stands in for systemctl where systemd is not process 1: "enable --now signet" starts what the unit says. Run as root, in a namespace.
set -eu
unit=/etc/systemd/system/signet.service
value() { sed -n "s/^$1=//p" "$unit" | tail -n 1; }
case "$*" in
daemon-reload) ;;
"enable --now signet")
  user=$(value User)
  for folder in "/var/lib/$(value StateDirectory)" "/run/$(value RuntimeDirectory)"; do
    install -d -m 0700 -o "$user" -g "$(value Group)" "$folder"
  done
  set -a
  . "$(value EnvironmentFile | sed 's/^-//')"
  eval "$(value Environment)"
  set +a
  umask "$(value UMask)"
  cd "$(value WorkingDirectory)"
  # shellcheck disable=SC2086 -- the words of a command line
  eval "exec runuser -u $user -- $(value ExecStart)" >/run/signet.log 2>&1 &
  ;;
*) echo "systemctl: $* is not what the guide says" >&2; exit 1 ;;
esac
