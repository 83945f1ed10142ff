# `make` sets the course up and runs its checks; `make test` tests the course itself. Python 3.10+ is all they need.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SEEDS ?= 300
TRAINING_SEEDS ?= 20

.PHONY: check demo test lint stubs release course lab browser figures verify proof matrix power bars wall resume redteam redteam-nbgrader bench large clean
.DEFAULT_GOAL := check

# pytest ends with 1 when promises are broken or not yet kept, which is how every student begins
check: $(VENV)/.student
	@$(BIN)/python -m pytest exercises -q --no-header || [ $$? -eq 1 ]

# grades the small class in examples/; `make demo ISOLATION=none` where bubblewrap cannot run
demo: $(VENV)/.student
	@$(BIN)/python examples/demo.py $(ISOLATION)

test: $(VENV)/.dev
	$(BIN)/python -m pytest tests -n 2 --dist loadgroup

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

stubs: $(VENV)/.dev
	$(BIN)/autograder stubs

# build/tensorlings-<version>.zip, for students
release: $(VENV)/.dev
	$(BIN)/autograder release

# an nbgrader course below build/course: every unit's notebook, and the students' version of it
course: $(VENV)/.dev
	$(BIN)/autograder notebooks --out build/course
	cd build/course && PATH="$(abspath $(BIN)):$$PATH" nbgrader generate_assignment --create --force '--assignment=*'

# JupyterLab in that course, made if absent, with nbgrader's pages under Nbgrader; LAB=--allow-root for root
lab: $(VENV)/.dev
	@test -e build/course/nbgrader_config.py || $(MAKE) course
	cd build/course && PATH="$(abspath $(BIN)):$$PATH" jupyter lab $(LAB)

# JupyterLab and the formgrader driven in Chromium (Debian: apt install chromium); pictures in build/browser
browser: $(VENV)/.dev
	$(BIN)/python -m pip install --quiet playwright
	TENSORLINGS_BROWSER=1 $(BIN)/python -m pytest tests/browser -q

figures: $(VENV)/.dev
	$(BIN)/python -m tests.proof.figures

verify: $(VENV)/.dev
	$(BIN)/autograder verify

# every property check on $(SEEDS) seeds and every training check on $(TRAINING_SEEDS), for references and wheats
proof: $(VENV)/.dev
	$(BIN)/python -m tests.proof.seeds --seeds $(SEEDS) --training-seeds $(TRAINING_SEEDS)

# exercises x chaffs: who catches what
matrix: $(VENV)/.dev
	$(BIN)/python -m tests.proof.matrix

# every training check: its bar, the worst of $(TRAINING_SEEDS) seeds, seconds
bars: $(VENV)/.dev
	$(BIN)/python -m tests.proof.bars --seeds $(TRAINING_SEEDS)

# a class killed three times in the middle and resumed, against one left alone
resume: $(VENV)/.dev
	$(BIN)/python -m tests.grading.kill_and_resume

# every attack of tests/hostile: against a naive grader, and against the sandbox
redteam: $(VENV)/.dev
	$(BIN)/python -m tests.hostile

# the attacks as notebooks, and those on nbgrader itself: points through our executor and through nbgrader's own
redteam-nbgrader: $(VENV)/.dev
	$(BIN)/python -m tests.jupyter

# how many inputs catch what: every wrong answer against the checks that name it, with 5, 10 and 25 inputs
power: $(VENV)/.dev
	$(BIN)/python -m tests.proof.power

# every right and wrong answer in the sandbox and in process: the same outcomes
wall: $(VENV)/.dev
	$(BIN)/python -m tests.proof.wall

# what the checks cost beside bare imports, the sandbox beside the process, a class beside stock nbgrader
bench: $(VENV)/.dev
	$(BIN)/python benchmarks/start.py
	$(BIN)/python benchmarks/wall.py
	$(BIN)/python benchmarks/throughput.py
	$(BIN)/python benchmarks/nbgrader_class.py

# 300 submissions through nbgrader, killed once and resumed, and the memory that they took
large: $(VENV)/.dev
	$(BIN)/python benchmarks/nbgrader_class.py --large 300

clean:
	rm -rf build .pytest_cache .mypy_cache .ruff_cache

$(VENV)/.student: pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Setting up (once; torch is large) ..."
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(VENV)/.dev: pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Setting up (once; torch is large) ..."
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@# without its dependencies: it pins a version of requests that Jupyter cannot have, and works with any
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps 'torchattacks>=3.5'
	@touch $@ $(VENV)/.student
