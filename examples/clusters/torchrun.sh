#!/bin/sh
# Four processes of this machine under PyTorch's torchrun; the words behind the script go to muster train:
#   examples/clusters/torchrun.sh configs/qsr.toml --run.out runs/torchrun
# On two hosts, the same on both, with a host and port of the first one:
#   NODES=2 ENDPOINT=node1:29400 examples/clusters/torchrun.sh configs/qsr.toml --run.out runs/torchrun
if [ "${NODES:-1}" = 1 ]; then
  set -- --standalone --nproc-per-node "${RANKS:-4}" muster train "$@"
else
  set -- --nnodes "$NODES" --nproc-per-node "${RANKS:-4}" --rdzv-backend c10d --rdzv-id "${RUN:-muster}" \
    --rdzv-endpoint "$ENDPOINT" muster train "$@"
fi
exec torchrun --no-python "$@"
