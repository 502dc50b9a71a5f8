#!/usr/bin/env bash
# TinyWan on a real Slurm on this machine: 4 workers that share a store, one of them killed at work; the artifact has to be that of one
# machine, byte by byte. Needs root, Debian's slurm-wlm and munge, and a built tool; about as long as three builds.
#   tests/cluster/slurm.sh [tool.dll]
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
tool=${1:-$root/src/QuantBuild.Tool/bin/Release/net10.0/QuantBuild.Tool.dll}
work=$(mktemp -d)
manifest=$work/model/tinywan.quant.json
host=$(hostname -s)
quantbuild() { dotnet "$tool" "$@"; }

daemons=()
end() {
  for pid in "${daemons[@]}"; do kill "$pid" 2> /dev/null || true; done
  wait 2> /dev/null || true
  [[ -n ${KEEP:-} ]] || rm -rf "$work"
}
trap end EXIT

mkdir -p "$work"/{etc,state,spool,munge}
cp -r "$root/models/TinyWan" "$work/model"
export SLURM_CONF=$work/etc/slurm.conf
cat > "$SLURM_CONF" << CONF
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
AuthType=auth/munge
AuthInfo=socket=$work/munge/socket
SlurmUser=root
SlurmctldPort=26817
SlurmdPort=26818
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
MpiDefault=none
KillWait=5
NodeName=$host NodeAddr=127.0.0.1 CPUs=2 RealMemory=2000
PartitionName=all Nodes=ALL Default=YES
CONF
dd if=/dev/urandom of="$work/munge/key" bs=1024 count=1 status=none
chmod 711 "$work" "$work/munge"
chmod 400 "$work/munge/key"
munged --force --foreground --socket="$work/munge/socket" --key-file="$work/munge/key" --pid-file="$work/munge/pid" \
  --log-file="$work/munge/log" --seed-file="$work/munge/seed" > "$work/munged.log" 2>&1 &
daemons+=($!)
sleep 2
slurmctld -D > "$work/slurmctld.log" 2>&1 &
daemons+=($!)
slurmd -D > "$work/slurmd.log" 2>&1 &
daemons+=($!)
for _ in $(seq 60); do
  [[ $(sinfo --noheader --format=%T 2> /dev/null) == idle* ]] && break
  sleep 1
done

echo "== one machine"
time quantbuild build "$manifest" --out "$work/alone" --store "$work/store alone" --no-report --locked > "$work/alone.log"

echo "== 4 workers"
quantbuild submit slurm "$manifest" --shards 4 --out "$work/shared" --store "$work/store" --to "$work/jobs"
read -r calibrate layers pack < <(sh "$work/jobs/submit.sh")
echo "jobs $calibrate, $layers, $pack"
start=$SECONDS killed=""
while squeue --noheader --jobs "$calibrate,$layers,$pack" 2> /dev/null | grep -q .; do
  # A worker that has begun to calibrate, and one that has begun with its layers, are killed once each.
  for phase in calibrate layers; do
    if [[ $killed != *$phase* ]]; then
      victim=$(pgrep --oldest --full "work .*--until $phase --store '?$work/store" || true)
      if [[ -n $victim ]]; then
        sleep 2
        kill -KILL "$victim" 2> /dev/null && killed+="$phase " && echo "killed a worker: $phase"
      fi
    fi
  done
  ((SECONDS - start < ${LIMIT:-1800})) || { echo "too slow"; squeue; exit 1; }
  sleep 1
done
echo "after $((SECONDS - start)) s; killed: ${killed:-nobody}"
grep -h "shard\|ran," "$work"/jobs/*.log || true
[[ -n $killed ]] || { echo "nobody was killed"; exit 1; }
diff <(cd "$work/alone" && find . -type f ! -name provenance.run.json -exec sha256sum {} + | sort -k2) \
  <(cd "$work/shared" && find . -type f ! -name provenance.run.json ! -name '*.report.html' -exec sha256sum {} + | sort -k2)
echo "the artifacts are equal"
sha256sum "$work"/shared/*/*.safetensors

echo "== 2 workers, submitted and followed by the tool; everything is in the store"
quantbuild submit slurm "$manifest" --shards 2 --out "$work/again" --store "$work/store" --to "$work/jobs again" --wait
diff <(cd "$work/alone" && find . -type f ! -name provenance.run.json -exec sha256sum {} + | sort -k2) \
  <(cd "$work/again" && find . -type f ! -name provenance.run.json ! -name '*.report.html' -exec sha256sum {} + | sort -k2)
echo "the artifacts are equal"
