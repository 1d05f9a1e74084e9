#!/bin/sh
# Stands in for systemctl where systemd is not process 1: "enable --now NAME" starts what the unit says. Run as root, in a namespace.
set -eu
case "$*" in
daemon-reload) exit 0 ;;
"enable --now "*) name=$3 ;;
*) echo "systemctl: $* is not what the guide says" >&2; exit 1 ;;
esac
unit=/etc/systemd/system/$name.service
value() { sed -n "s/^$1=//p" "$unit" | tail -n 1; }
user=$(value User)
user=${user:-root}
state=$(value StateDirectory)
runtime=$(value RuntimeDirectory)
for folder in ${state:+"/var/lib/$state"} ${runtime:+"/run/$runtime"}; do
  install -d -m 0700 -o "$user" -g "$user" "$folder"
done
set -a
. "$(value EnvironmentFile | sed 's/^-//')"
eval "$(value Environment)"
set +a
umask "$(value UMask)"
place=$(value WorkingDirectory)
cd "${place:-/}"
eval "exec runuser -u $user -- $(value ExecStart)" >"/run/$name.log" 2>&1 &
