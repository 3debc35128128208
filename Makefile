# Perihelion: `make run` shows it working, `make test` proves it. `make help`
# lists the rest. Rules live in mk/; build/<variant>/ is the only folder made.
MAKEFLAGS += --no-builtin-rules
.DEFAULT_GOAL := all

include mk/config.mk
include mk/modules.mk
include mk/rules.mk
include mk/ui.mk
include mk/libperihelion.mk
include mk/install.mk
include mk/tests.mk
include mk/sim.mk
include mk/bench.mk
include mk/web.mk
include mk/tasks.mk
