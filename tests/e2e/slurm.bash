# slurm.bash - a Slurm of its own on loopback: munged, slurmctld and two slurmd, for one test file.
# shellcheck shell=bash

# slurm_up DIR: starts one below DIR; prints why not and fails where it cannot be had. The daemons run
# in the foreground, as whoever calls, without systemd; they die with the calling shell.
slurm_up() {
  local dir=$1 p me host
  SLURM_DIR=$dir
  export PATH=$PATH:/usr/sbin:/sbin
  for p in munged slurmctld slurmd sbatch squeue scancel sinfo srun; do
    command -v "$p" >/dev/null || { echo "$p is not installed (packages slurm-wlm, munge)"; return 1; }
  done
  me=$(id -un) host=$(hostname)
  mkdir -p "$dir"/{munge,ctl,n1,n2} && chmod 755 "$dir" && chmod 700 "$dir/munge"
  : >"$dir/pids"
  head -c 1024 /dev/urandom >"$dir/munge/key" && chmod 400 "$dir/munge/key"
  slurm_start munged munged -F --key-file="$dir/munge/key" --socket="$dir/munge/socket" \
    --pid-file="$dir/munge/pid" --log-file="$dir/munge/log" --seed-file="$dir/munge/seed" \
    --num-threads=2 --force
  slurm_wait "[ -S '$dir/munge/socket' ]" || {
    echo "munged does not start: $(cat "$dir/munge/log" "$dir/munged.said" 2>/dev/null | tail -n 1)"
    return 1
  }
  slurm_conf "$me" "$host"
  export SLURM_CONF=$dir/slurm.conf
  slurm_start slurmctld slurmctld -D -i
  slurm_start n1 slurmd -D -N n1
  slurm_start n2 slurmd -D -N n2
  slurm_wait "slurm_idle 2" || {
    echo "slurmctld and slurmd do not come up: $(tail -qn 1 "$dir"/{slurmctld,n1,n2}.out 2>/dev/null |
      tr '\n' ' ' | cut -c 1-300)"
    return 1
  }
}

# slurm_idle N: N nodes have nothing to do.
slurm_idle() {
  [ "$(sinfo -h -N -o '%N %T' 2>/dev/null | sort -u | grep -c ' idle$')" -eq "$1" ]
}

# Three ports that nobody listens on now, below the range that the kernel deals out.
slurm_ports() {
  local p n=0
  for p in $(shuf -i 20000-32000 -n 200); do
    (exec 3<>"/dev/tcp/127.0.0.1/$p") 2>/dev/null && continue
    echo "$p"
    n=$((n + 1))
    [ "$n" -lt 3 ] || return 0
  done
}

slurm_conf() {
  local me=$1 host=$2 port
  mapfile -t port < <(slurm_ports)
  cat >"$SLURM_DIR/slurm.conf" <<CONF
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmUser=$me
SlurmdUser=$me
SlurmctldPort=${port[0]}
AuthType=auth/munge
AuthInfo=socket=$SLURM_DIR/munge/socket
CryptoType=crypto/munge
StateSaveLocation=$SLURM_DIR/ctl
SlurmdSpoolDir=$SLURM_DIR/%n/spool
SlurmctldPidFile=$SLURM_DIR/ctl/pid
SlurmdPidFile=$SLURM_DIR/%n/pid
SlurmctldLogFile=$SLURM_DIR/slurmctld.out
SlurmdLogFile=$SLURM_DIR/%n.out
ProctrackType=proctrack/pgid
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
GresTypes=gpu
SlurmdParameters=config_overrides
ReturnToService=2
MinJobAge=300
KillWait=2
SchedulerType=sched/builtin
SchedulerParameters=sched_interval=1,sched_min_interval=0,batch_sched_delay=0
SlurmctldTimeout=60
SlurmdTimeout=60
InactiveLimit=0
MessageTimeout=60
NodeName=n1 NodeHostname=$host NodeAddr=127.0.0.1 Port=${port[1]} CPUs=4 RealMemory=4000
NodeName=n2 NodeHostname=$host NodeAddr=127.0.0.1 Port=${port[2]} CPUs=8 RealMemory=8000 Gres=gpu:fake:1
PartitionName=small Nodes=n1,n2 Default=YES MaxTime=60 State=UP OverSubscribe=NO
PartitionName=gpu Nodes=n2 MaxTime=120 State=UP
CONF
  echo "NodeName=n2 Name=gpu Type=fake File=/dev/null" >"$SLURM_DIR/gres.conf"
}

# slurm_start NAME COMMAND ...: in the background, its words in DIR/NAME.out, its pid noted.
slurm_start() {
  local name=$1
  shift
  setpriv --pdeathsig KILL "$@" >"$SLURM_DIR/$name.said" 2>&1 </dev/null 3>&- &
  echo $! >>"$SLURM_DIR/pids"
}

# slurm_gone PID: it has ended, reaped or not.
slurm_gone() {
  case $(ps -o stat= -p "$1") in '' | Z*) ;; *) return 1 ;; esac
}

# slurm_wait CONDITION [SECONDS]
slurm_wait() {
  local end=$((SECONDS + ${2:-60}))
  until eval "$1"; do
    ((SECONDS < end)) || return 1
    sleep 0.1
  done
}

# slurm_down DIR: ends what slurm_up started there, by pid, jobs first.
slurm_down() {
  local dir=$1 pid pids
  [ -f "$dir/pids" ] || return 0
  if [ -f "$dir/slurm.conf" ]; then
    SLURM_CONF=$dir/slurm.conf timeout 20 scancel -s KILL --full -u "$(id -un)" 2>/dev/null || true
  fi
  mapfile -t pids < <(tac "$dir/pids")
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${pids[@]}"; do
    slurm_wait "slurm_gone $pid" 20 || kill -9 "$pid" 2>/dev/null || true
  done
  rm -f "$dir/pids"
}
