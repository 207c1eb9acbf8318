# Installs k3s, or brings it up to date: what is right already is left alone, so that it can be cut off and run again.
# POSIX sh, run as root. Before it stand: VERSION, BINARY, BINARY_SHA256 (empty: SUMS decides), SUMS, NAME, INSTALLER,
# INSTALLER_SHA256, DEPLOYMENT, ZRAM (1: set it up), FIREWALL (commands), CONFIG_SHA256.
# Exit codes: 20 another installation runs, 21 a download failed, 22 a checksum differs, 23 the installer failed,
# 24 the configuration is not the one that was sent, 25 no space.
set -eu
umask 022
export LC_ALL=C
fail() { code=$1; shift; echo "$*" >&2; exit "$code"; }

if command -v flock >/dev/null 2>&1; then
  # A lost connection leaves its script running: the next one waits for it, and finds its work done.
  exec 9>/run/wizard-k3s.lock
  flock -w 300 9 || fail 20 "another installation has been running on this server for five minutes"
fi

mkdir -p /etc/rancher/k3s /usr/local/bin
# First of all: what follows may be cut off, and is then known as ours.
[ -e /etc/rancher/k3s/wizard ] || printf '%s\n' "$DEPLOYMENT" >/etc/rancher/k3s/wizard
[ "$(sha256sum /etc/rancher/k3s/config.yaml | cut -d' ' -f1)" = "$CONFIG_SHA256" ] ||
  fail 24 "/etc/rancher/k3s/config.yaml was changed meanwhile"

work=$(mktemp -d /usr/local/bin/.wizard-k3s.XXXXXX) || fail 25 "no folder can be made in /usr/local/bin"
trap 'rm -rf "$work"' EXIT
fetch() {
  if command -v curl >/dev/null 2>&1; then
    curl -fsSL --retry 3 --connect-timeout 20 --speed-limit 1000 --speed-time 60 -o "$2" "$1" && return
    code=$?
    [ $code -eq 23 ] && fail 25 "$2 cannot be written: $(df -h "$work" | tail -1)"
    fail 21 "$1: curl ended with $code"
  fi
  wget -q -T 60 -t 3 -O "$2" "$1" || { code=$?; [ $code -eq 3 ] && fail 25 "$2 cannot be written"; fail 21 "$1: wget ended with $code"; }
}
sum() { sha256sum "$1" | cut -d' ' -f1; }

if [ -z "$BINARY_SHA256" ]; then
  fetch "$SUMS" "$work/sums"
  BINARY_SHA256=$(awk -v name="$NAME" '$2 == name { print $1 }' "$work/sums")
  [ ${#BINARY_SHA256} -eq 64 ] || fail 22 "$SUMS names no digest of $NAME"
fi
if [ ! -x /usr/local/bin/k3s ] || [ "$(sum /usr/local/bin/k3s)" != "$BINARY_SHA256" ]; then
  fetch "$BINARY" "$work/k3s"
  [ "$(sum "$work/k3s")" = "$BINARY_SHA256" ] || fail 22 "$BINARY is not the file that was expected: $(sum "$work/k3s")"
  chmod 755 "$work/k3s"
  mv -f "$work/k3s" /usr/local/bin/k3s
fi
fetch "$INSTALLER" "$work/install.sh"
[ "$(sum "$work/install.sh")" = "$INSTALLER_SHA256" ] ||
  fail 22 "$INSTALLER is not the file that was expected: $(sum "$work/install.sh")"

if [ "$ZRAM" = 1 ] && command -v systemctl >/dev/null 2>&1; then
  # Half of the memory as compressed swap, before any other: cold pages of k3s and the system shrink to a third.
  # Pods do not swap (the kubelet's NoSwap): their limits stay what they are.
  cat >/etc/systemd/system/wizard-zram.service <<'UNIT'
[Unit]
Description=Compressed swap in memory, set up by the wizard
Before=k3s.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'modprobe zram; d=$(zramctl --find --size $(awk "/^MemTotal/ {print int($2 / 2)}" /proc/meminfo)KiB --algorithm zstd) && mkswap "$d" && swapon -p 100 "$d"'
ExecStop=/bin/sh -c 'for d in /dev/zram*; do swapoff "$d" && zramctl --reset "$d"; done; true'

[Install]
WantedBy=multi-user.target
UNIT
  systemctl daemon-reload
  systemctl enable --now wizard-zram.service || echo "zram could not be set up; k3s does without" >&2
fi
if [ -n "$FIREWALL" ]; then
  printf '%s\n' "$FIREWALL" | while read -r command; do $command >&2 || fail 23 "$command failed"; done
fi

# `binary`: its own download would not be compared with our digest. On systems with RPM it still adds k3s-selinux.
INSTALL_K3S_SKIP_DOWNLOAD=binary INSTALL_K3S_VERSION="$VERSION" INSTALL_K3S_EXEC=server \
  INSTALL_K3S_FORCE_RESTART=true INSTALL_K3S_BIN_DIR=/usr/local/bin sh "$work/install.sh" >&2 9>&- ||
  fail 23 "k3s' installer ended with $?"
echo installed
