#!/bin/sh
# From nothing to a model folder: crawls the demo web with `pairmill run`, trains on the shards, measures on the
# style that was held out.
#
#   sh examples/train/run.sh [WORK_FOLDER [MODEL_FOLDER]]
#
# Needs `npm ci && npm run build`, and a Python with requirements.txt installed; PYTHON names it (default python3).
set -eu
# onnxruntime would tell its maker which model is exported.
export ORT_DISABLE_TELEMETRY=1
here=$(cd "$(dirname "$0")" && pwd)
work=${1:-"$here/work"}
model=${2:-"$work/demo-drawings"}
node "$here/shards.js" "$work"
"${PYTHON:-python3}" "$here/train.py" \
  --shards "$work/pairs-1" --shards "$work/pairs-2" --shards "$work/pairs-3" \
  --held-out "$work/held-out" --truth "$work/truth.json" --out "$model"
echo "Written: $model. The loss curve and the figures are in $model/training.jsonl"
