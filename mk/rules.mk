# One non-recursive build: objects under $(BUILD)/obj, an archive a module.
archive = $(BUILD)/lib/lib$(subst /,-,$(1)).a
module_sources = $(filter-out %/main.c,$(wildcard $(1)/*.c))
module_objects = $(patsubst %.c,$(BUILD)/obj/%.o,$(call module_sources,$(1)))
# Archives and libraries of a module and all it uses, in link order.
chain = $(1) $(USES_$(1))
chain_archives = $(foreach m,$(call chain,$(1)),$(call archive,$(m)))
chain_libs = $(foreach m,$(call chain,$(1)),$(LIBS_$(m)))

# QUIET=1 builds without a line for each file.
SAY := $(if $(QUIET),:,echo)

BINARIES := $(PROGRAMS:%=$(BUILD)/bin/%)

.PHONY: all
all: $(BINARIES)

$(BUILD)/obj/%.o: %.c mk/config.mk
	@mkdir -p $(@D)
	@$(SAY) "  CC   $<"
	@$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

define archive_rule
$(call archive,$(1)): $(call module_objects,$(1))
	@mkdir -p $$(@D)
	@rm -f $$@
	@ar crs $$@ $$^
endef
$(foreach m,$(MODULES),$(eval $(call archive_rule,$(m))))

define program_rule
$(BUILD)/bin/$(1): $(BUILD)/obj/$(MODULE_$(1))/main.o \
		$(call chain_archives,$(MODULE_$(1)))
	@mkdir -p $$(@D)
	@$(SAY) "  LD   $$@"
	@$$(CC) $$(LDFLAGS) -o $$@ $$^ $(call chain_libs,$(MODULE_$(1)))
endef
$(foreach p,$(PROGRAMS),$(eval $(call program_rule,$(p))))

-include $(shell [ -d $(BUILD)/obj ] && find $(BUILD)/obj -name '*.d')
