# `make install`: programs, manual pages, completions, the client library. No
# configuration, no user, no unit: those are the operator's.
PREFIX ?= /usr/local
DESTDIR ?=
INSTALL_ROOT = $(DESTDIR)$(PREFIX)
MANUALS := $(wildcard docs/man/*)

.PHONY: install install-bin install-man install-completions install-lib
install: install-bin install-man install-completions install-lib

install-bin: all
	@install -d $(INSTALL_ROOT)/bin
	@install -m 755 $(BINARIES) $(INSTALL_ROOT)/bin

# docs/man/perictl.1 goes to share/man/man1.
install-man:
	@for page in $(MANUALS); do \
		install -D -m 644 -t \
			"$(INSTALL_ROOT)/share/man/man$${page##*.}" $$page || exit 1; \
	done

COMPLETIONS := bash:bash-completion/completions/perictl \
	zsh:zsh/site-functions/_perictl \
	fish:fish/vendor_completions.d/perictl.fish
install-completions: $(BUILD)/bin/perictl
	@for pair in $(COMPLETIONS); do \
		file="$(INSTALL_ROOT)/share/$${pair#*:}"; \
		install -d "$${file%/*}" && \
		$(BUILD)/bin/perictl completion $${pair%%:*} >"$$file" || \
			exit 1; \
	done

install-lib: $(LIBPERIHELION)
	@install -D -m 644 -t $(INSTALL_ROOT)/lib $(LIBPERIHELION)
	@install -D -m 644 -t $(INSTALL_ROOT)/include \
		client/include/perihelion.h
