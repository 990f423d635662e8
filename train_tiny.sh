#!/bin/sh
# From nothing to the model in weights/tiny: usage train_tiny.sh PYTHON OUT
# A stage that is done is not done again; one that was cut off goes on where it was last saved.
# QUICK=1: a fifteenth of its records, in ten minutes: 34% of scenes (25% with wrong pictures); in English place, time and
# weather come out right in 84%, colours in 54%, and little else yet.
set -eu
python=$1 out=$2
done_with() { [ -f "$out/$1/model.safetensors" ] && echo "$1 is done: $out/$1"; }
stage() { # stage NAME COMMAND...
    name=$1; shift
    done_with "$name" || "$python" "$@" --out "$out/$name" --resume auto
}
mean() { # mean NAME FOLDER...
    name=$1; shift
    done_with "$name" || "$python" -m trainer.average --weights "$@" --out "$out/$name"
}
all="--train vision connector decoder --eye_lr 0.1 --muon_lr 0.01 --warmup 20 --val storybook:val --val_samples 220 --val_every 2000 --save_every 250"
[ -f "$out/tokenizer/tokenizer.json" ] || "$python" -m dataset.train_tokenizer --out "$out/tokenizer"
if [ "${QUICK:-}" ]; then
    text=3200 regions=32000 sft=9600 last=sft scenes=50
else
    text=9600 regions=64000 sft=88000 last=many scenes=500
fi
stage text    train_pretrain_vlm.py --stage text --tokenizer "$out/tokenizer" --samples $text --batch_size 64 --muon_lr 0.01
stage regions train_pretrain_vlm.py --stage regions --init "$out/text" --samples $regions --batch_size 64 --muon_lr 0.01 --warmup 20
if [ "${QUICK:-}" ]; then
    stage sft train_sft_vlm.py --init "$out/regions" --data storybook:single $all --samples $sft
else
    stage read   train_sft_vlm.py --init "$out/regions" --data storybook:read $all --samples 44800
    stage sft    train_sft_vlm.py --init "$out/read" $all --samples $sft
    stage around train_sft_vlm.py --init "$out/sft" --data storybook:around $all --samples 8000
    stage reason train_sft_vlm.py --init "$out/around" --data storybook:reason $all --samples 448000
    stage sharpen train_pretrain_vlm.py --stage sharpen --init "$out/reason" --samples 64000 --batch_size 64 --lr 5e-3 \
        --muon_lr 0.1 --eye_lr 0.02 --warmup 100
    mean sharper "$out/reason" "$out/sharpen"
    stage numbers train_sft_vlm.py --init "$out/sharper" --data storybook:numbers $all --muon_lr 0.004 --lr 2e-4 --samples 27200
    mean mean "$out/sharper" "$out/numbers"
    stage words train_sft_vlm.py --init "$out/mean" --data storybook:words $all --warmup 30 --val storybook:asked_val --samples 200000
    asked="--data storybook:many --pack 8 --warmup 30 --val storybook:asked_val --val_samples 220 --val_every 2000 --save_every 250"
    if [ "$("$python" -c 'from model.device import pick_device as p; print(p("auto").type)')" = cuda ]; then  # a GPU: many more
        some="--batch_size 32 --train vision connector decoder --eye_lr 0.1" last=settled
        stage many train_sft_vlm.py --init "$out/words" $asked $some --samples 104000 --muon_lr 0.01
        stage more train_sft_vlm.py --init "$out/many" $asked $some --samples 44800 --lr 3e-4 --muon_lr 0.006 --seed 12
        mean settled "$out/many" "$out/more"
    else
        stage many train_sft_vlm.py --init "$out/words" $asked --samples 19200 --batch_size 16 --train connector decoder --muon_lr 0.01
    fi
fi
"$python" eval_vlm.py --weights "$out/$last" --suite --samples $scenes --dtype auto --report "$out/suite.json"
