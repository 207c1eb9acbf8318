# Removes k3s and all its data by k3s' own script, then what the wizard itself put there. POSIX sh, run as root.
set -eu
export LC_ALL=C
if [ -e /etc/rancher/k3s ] && [ ! -e /etc/rancher/k3s/wizard ]; then
  echo "this k3s was not installed by the wizard" >&2
  exit 26
fi
if [ -x /usr/local/bin/k3s-uninstall.sh ]; then /usr/local/bin/k3s-uninstall.sh >&2; fi
if [ -e /etc/systemd/system/wizard-zram.service ]; then
  systemctl disable --now wizard-zram.service >&2 || true
  rm -f /etc/systemd/system/wizard-zram.service
  systemctl daemon-reload || true
fi
rm -rf /etc/rancher/k3s
rm -f /usr/local/bin/k3s
echo removed
