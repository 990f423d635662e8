#!/bin/sh
# From nothing to the model in weights/tiny: usage train_tiny.sh PYTHON OUT
# A stage that is done is not done again; one that was cut off goes on where it was last saved.
set -eu
python=$1 out=$2
stage() { # stage NAME COMMAND...
    name=$1; shift
    [ -f "$out/$name/model.safetensors" ] && { echo "$name is done: $out/$name"; return; }
    "$python" "$@" --out "$out/$name" --resume auto
}
[ -f "$out/tokenizer/tokenizer.json" ] || "$python" -m dataset.train_tokenizer --out "$out/tokenizer"
stage text    train_pretrain_vlm.py --stage text --tokenizer "$out/tokenizer" --samples 6400 --batch_size 64 --muon_lr 0.01
stage regions train_pretrain_vlm.py --stage regions --init "$out/text" --samples 51200 --batch_size 64 --muon_lr 0.01 --warmup 20
all="--train vision connector decoder --eye_lr 0.1 --muon_lr 0.01 --warmup 20 --val storybook:val --val_samples 180"
stage read    train_sft_vlm.py --init "$out/regions" --data storybook:read $all --samples 51200 --save_every 250
stage sft     train_sft_vlm.py --init "$out/read" $all --samples 112000 --save_every 250
stage reason  train_sft_vlm.py --init "$out/sft" --data storybook:reason $all --samples 51200 --save_every 250 --store fp16
"$python" eval_vlm.py --weights "$out/reason" --data storybook:scenes --samples 1000 --dtype auto --report "$out/scenes.json"
