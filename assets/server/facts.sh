# What a server is, as `key=value` lines between `begin=` and `end=`; wizard/planning/server_facts.py reads it.
# POSIX sh, run as root. Changes nothing but one file that the disk's speed is measured with, removed at once.
# Before it stand: API_PORT, HOSTS (names to look up), URLS (to be reached; empty: none), SPEED (1: measure the disk).
PATH="$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/snap/bin"
export LC_ALL=C
fact() { printf '%s=%s\n' "$1" "$(printf '%s' "$2" | tr '\n\t' '  ' | tr -cd '[:print:]' | cut -c1-300)"; }
has() { command -v "$1" >/dev/null 2>&1; }
field() { awk -v key="$1" '$1 == key { print $2; exit }' /proc/meminfo; }

echo begin=wizard-facts-1
(
  [ -r /etc/os-release ] && . /etc/os-release
  fact os.id "${ID:-}"
  fact os.version "${VERSION_ID:-}"
  fact os.name "${PRETTY_NAME:-}"
)
fact kernel "$(uname -r)"
fact arch "$(uname -m)"
fact hostname "$(uname -n)"
if [ -d /run/systemd/system ]; then fact init systemd; elif [ -x /sbin/openrc-run ]; then fact init openrc; else fact init other; fi

if [ "$(stat -fc %T /sys/fs/cgroup 2>/dev/null)" = cgroup2fs ]; then
  fact cgroup 2
  fact cgroup.controllers "$(cat /sys/fs/cgroup/cgroup.controllers 2>/dev/null)"
else
  fact cgroup 1
  fact cgroup.controllers "$(awk '$4 == 1 { print $1 }' /proc/cgroups 2>/dev/null)"
fi

fact memory.kib "$(field MemTotal:)"
fact memory.available.kib "$(field MemAvailable:)"
fact swap.kib "$(field SwapTotal:)"
if grep -q zram /proc/swaps 2>/dev/null; then fact zram active
elif [ -e /etc/systemd/system/wizard-zram.service ]; then fact zram tried
elif [ -e /sys/class/zram-control ] || modinfo zram >/dev/null 2>&1; then fact zram possible
else fact zram none; fi
fact cpus "$(getconf _NPROCESSORS_ONLN 2>/dev/null || grep -c ^processor /proc/cpuinfo)"

data=/var/lib/rancher
while [ ! -d "$data" ]; do data=$(dirname "$data"); done
fact disk.path "$data"
df -Pk "$data" | awk 'NR == 2 { print "disk.total.kib=" $2; print "disk.free.kib=" $4 }'
df -Pi "$data" 2>/dev/null | awk 'NR == 2 && $2 > 0 { print "disk.inodes.free=" $4 }'
if [ "${SPEED:-}" = 1 ]; then
  probe=$(mktemp "$data/.wizard-speed.XXXXXX" 2>/dev/null) && {
    trap 'rm -f "$probe"' EXIT
    # etcd's own question (and SQLite's): how long until small writes are on the disk, one after the other.
    before=$(date +%s%N)
    if dd if=/dev/zero of="$probe" bs=4k count=100 oflag=dsync 2>/dev/null; then
      after=$(date +%s%N)
      case "$before$after" in *[!0-9]*) ;; *) fact disk.sync.us $(((after - before) / 100000)) ;; esac
    fi
    rm -f "$probe"
  }
fi

fact time "$(date +%s)"
for address in $( (ip -o addr show 2>/dev/null | awk '{ sub("/.*", "", $4); print $4 }') || hostname -I 2>/dev/null); do
  fact address "$address"
done

for port in 80 443 "$API_PORT"; do
  if has ss; then
    ss -H -ltnp "sport = :$port" 2>/dev/null | while read -r line; do
      owner=$(printf '%s' "$line" | sed -n 's/.*users:((\"\([^"]*\)\".*/\1/p')
      fact "port.$port" "${owner:-?}"
    done
  else
    hex=$(printf ':%04X' "$port")
    cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | awk -v port="$hex" -v name="$port" \
      '$4 == "0A" && substr($2, length($2) - 4) == port { print "port." name "=?" }'
  fi
done

if has ufw && ufw status 2>/dev/null | grep -q '^Status: active'; then
  fact firewall ufw
  ufw status 2>/dev/null | awk '/ALLOW/ && !/\(v6\)/' | while read -r line; do fact firewall.rule "$line"; done
  fact firewall.routed "$(ufw status verbose 2>/dev/null | sed -n 's/^Default:.*, \([a-z]*\) (routed).*/\1/p')"
elif has firewall-cmd && [ "$(firewall-cmd --state 2>/dev/null)" = running ]; then
  fact firewall firewalld
  fact firewall.zone "$(firewall-cmd --get-default-zone 2>/dev/null)"
  for rule in $(firewall-cmd --list-ports 2>/dev/null) $(firewall-cmd --list-services 2>/dev/null); do
    fact firewall.rule "$rule"
  done
  for source in $(firewall-cmd --zone=trusted --list-sources 2>/dev/null); do fact firewall.trusted "$source"; done
else
  fact firewall none
fi

for name in $HOSTS; do
  found=$(getent ahosts "$name" 2>/dev/null | awk '{ print $1 }' | sort -u)
  fact "dns.$name" "$(echo $found)"
done

for url in $URLS; do
  if has curl; then
    code=$(curl -sS -o /dev/null -w '%{http_code}' --connect-timeout 8 --max-time 15 -I "$url" 2>/dev/null)
    fact "reach.$url" "${code:-000}"
  elif has wget; then
    wget -q --spider -T 15 -t 1 "$url" 2>/dev/null
    case $? in 0 | 8) fact "reach.$url" 200 ;; *) fact "reach.$url" 000 ;; esac
  else
    fact "reach.$url" none
  fi
done
for tool in curl wget sha256sum flock iptables mountpoint; do has "$tool" && fact tool "$tool"; done

k3s=$(command -v k3s 2>/dev/null) && {
  fact k3s.path "$k3s"
  fact k3s.version "$(k3s --version 2>/dev/null | awk 'NR == 1 { print $3 }')"
}
[ -e /etc/rancher/k3s/config.yaml ] && fact k3s.config "$(sha256sum /etc/rancher/k3s/config.yaml | cut -d' ' -f1)"
[ -e /etc/rancher/k3s/k3s.yaml ] && fact k3s.kubeconfig yes
[ -e /etc/rancher/k3s/wizard ] && fact k3s.ours "$(head -1 /etc/rancher/k3s/wizard)"
if has systemctl; then
  fact k3s.service "$(systemctl is-active k3s 2>/dev/null)"
  fact agent.service "$(systemctl is-active k3s-agent 2>/dev/null)"
  fact kubelet.service "$(systemctl is-active kubelet 2>/dev/null)"
elif has rc-service; then
  rc-service k3s status >/dev/null 2>&1 && fact k3s.service active
fi
[ -d /etc/kubernetes/manifests ] && [ -n "$(ls -A /etc/kubernetes/manifests 2>/dev/null)" ] && fact other kubeadm
[ -d /var/snap/microk8s ] && fact other microk8s
[ -d /etc/rancher/rke2 ] && fact other rke2
[ -e /etc/k0s/k0s.yaml ] && fact other k0s
has getenforce && fact selinux "$(getenforce)"
has getenforce && rpm -q k3s-selinux >/dev/null 2>&1 && fact selinux.policy yes
echo end=wizard-facts-1
