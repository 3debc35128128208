# The house: every archive, what it may stand on, and its system libraries.
# tools/lint_layers.py reads these same lines: an include may only point to a
# folder that is in MODULE_USES (transitively). Order of a chain = link order.
MODULES := lib/base lib/proto lib/net lib/svc geo registry balancer \
	comet-agent client client/cli

USES_lib/base :=
USES_lib/proto := lib/base
USES_lib/net := lib/proto lib/base
USES_lib/svc := lib/net lib/proto lib/base
USES_geo := lib/proto lib/base
USES_registry := lib/svc lib/net lib/proto lib/base
USES_balancer := geo lib/svc lib/net lib/proto lib/base
USES_comet-agent := lib/svc lib/net lib/proto lib/base
USES_client := lib/proto lib/base
USES_client/cli := client geo lib/proto lib/base

LIBS_lib/base := -lcrypto -lm
LIBS_lib/proto := -ljansson -lm
LIBS_lib/net := -levent_core -levent_extra -levent_pthreads
LIBS_lib/svc :=
LIBS_geo := -lmaxminddb -lm
LIBS_registry := -lsqlite3
LIBS_balancer := -lm
LIBS_comet-agent :=
LIBS_client := -lm
LIBS_client/cli :=

# Programs: name -> module whose main.c it is.
PROGRAMS := peri-registry peri-balancer comet-agent perictl
MODULE_peri-registry := registry
MODULE_peri-balancer := balancer
MODULE_comet-agent := comet-agent
MODULE_perictl := client/cli
