#!/bin/sh
# Four processes under Open MPI's mpirun; the words behind the script go to muster train:
#   examples/clusters/mpirun.sh configs/qsr.toml --run.out runs/mpirun
# On several hosts, started on the first one of them:
#   HOSTS=node1:4,node2:4 RANKS=8 examples/clusters/mpirun.sh configs/qsr.toml --run.out runs/mpirun
if [ -n "$HOSTS" ]; then
  # Where rank 0 waits for the others; on one host Muster finds that out by itself.
  MASTER_ADDR=${MASTER_ADDR:-$(hostname -f)}
  MASTER_PORT=${MASTER_PORT:-29400}
  export MASTER_ADDR MASTER_PORT
  set -- --host "$HOSTS" -x MASTER_ADDR -x MASTER_PORT muster train "$@"
else
  set -- --oversubscribe muster train "$@"
fi
# Strangers who do not know it are refused by rank 0.
MUSTER_TOKEN=${MUSTER_TOKEN:-$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')}
export MUSTER_TOKEN
# Without --bind-to none mpirun puts all threads of a process on one core.
exec mpirun -n "${RANKS:-4}" --bind-to none -x MUSTER_TOKEN "$@"
