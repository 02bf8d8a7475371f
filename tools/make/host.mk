# SPDX-License-Identifier: GPL-2.0-or-later
#
# What runs on the developer's machine:
#   build/host/postern      the command (tools/postern), native, with libfdt
#   build/host/unit-tests   tests/unit + tests/models over the real engine sources, CUnit, ASan + UBSan

HOST_OUT := $(BUILD)/host
HOST_CC := gcc
HOST_CFLAGS := -std=c11 -O2 -g -D_GNU_SOURCE $(WARNINGS)
TEST_CFLAGS := -std=c11 -O1 -g -D_GNU_SOURCE -fno-omit-frame-pointer -fsanitize=address,undefined \
	-fno-sanitize-recover=all $(WARNINGS) $(CFLAGS_EXTRA)

# The manifest's rules exist once: the command links the very sources the hypervisor does, and of
# pci/ the scan and what judges what it captured.
TOOL_SRC := $(wildcard tools/postern/*.c)
TOOL_OBJ := $(patsubst %.c,$(HOST_OUT)/tool/%.o,$(TOOL_SRC))
TOOL_CORE_OBJ := $(patsubst %.c,$(HOST_OUT)/tool/%.o,$(wildcard core/*.c) \
	$(addprefix pci/,bar.c capability.c config.c conflict.c enumerate.c group.c resources.c \
	route.c sriov.c) platforms/loongson/quirks.c)

# Parts of hv-glue that touch neither registers nor CPUs are tested like the engine. Those with state of
# their own, or with functions that tests/models provides too, are included by their test instead.
HV_TESTED_SRC := $(wildcard hv-glue/arch/aarch64/guest_fdt.c) \
	$(addprefix hv-glue/,display.c font.c monitor.c monitor_devices.c monitor_zones.c pl011.c ranges.c \
	uart.c uart16550.c vfs.c vuart.c bringup/options.c)
ENGINE_SRC := $(wildcard core/*.c pci/*.c iommu/*.c irq/*.c platforms/*.c platforms/*/*.c)
TEST_SRC := $(wildcard tests/unit/*.c tests/models/*.c)
TEST_OBJ := $(patsubst %.c,$(HOST_OUT)/test/%.o,$(TEST_SRC) $(ENGINE_SRC) $(HV_TESTED_SRC))

host: $(if $(TOOL_SRC),$(HOST_OUT)/postern)
	@:

$(HOST_OUT)/tool/%.o: %.c $(HOST_OUT)/flags
	$(call say,HOSTCC,$<)
	@mkdir -p $(@D)
	$(Q)$(HOST_CC) $(HOST_CFLAGS) -Iinclude -MMD -MP -c -o $@ $<

# The command reads the rules' list in core/ and the zones' layout in hv-glue/.
$(HOST_OUT)/tool/tools/%.o: tools/%.c $(HOST_OUT)/flags
	$(call say,HOSTCC,$<)
	@mkdir -p $(@D)
	$(Q)$(HOST_CC) $(HOST_CFLAGS) -I. -Iinclude -MMD -MP -c -o $@ $<

$(HOST_OUT)/tool/core.a: $(TOOL_CORE_OBJ)
	$(Q)rm -f $@ && ar rcs $@ $^

$(HOST_OUT)/postern: $(TOOL_OBJ) $(HOST_OUT)/tool/core.a
	$(call say,HOSTLD,$@)
	$(Q)$(HOST_CC) -o $@ $^ -lfdt

# The engine sees its own headers only; tests see everything.
$(HOST_OUT)/test/%.o: %.c $(HOST_OUT)/flags
	$(call say,TESTCC,$<)
	@mkdir -p $(@D)
	$(Q)$(HOST_CC) $(TEST_CFLAGS) $(HV_ENGINE_INC) -MMD -MP -c -o $@ $<

$(HOST_OUT)/test/hv-glue/%.o: hv-glue/%.c $(HOST_OUT)/flags
	$(call say,TESTCC,$<)
	@mkdir -p $(@D)
	$(Q)$(HOST_CC) $(TEST_CFLAGS) $(HV_GLUE_INC) -MMD -MP -c -o $@ $<

$(HOST_OUT)/test/tests/%.o: tests/%.c $(HOST_OUT)/flags
	$(call say,TESTCC,$<)
	@mkdir -p $(@D)
	$(Q)$(HOST_CC) $(TEST_CFLAGS) $(HV_GLUE_INC) -Itests -Itests/models -Itests/unit -MMD -MP -c -o $@ $<

$(HOST_OUT)/unit-tests: $(TEST_OBJ)
	$(call say,TESTLD,$@)
	$(Q)$(HOST_CC) -fsanitize=address,undefined -o $@ $^ -lcunit -lfdt

$(HOST_OUT)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(HOST_CC) $(HOST_CFLAGS) $(TEST_CFLAGS)' | cmp -s - $@ || echo '$(HOST_CC) $(HOST_CFLAGS) $(TEST_CFLAGS)' > $@

-include $(TOOL_OBJ:.o=.d) $(TOOL_CORE_OBJ:.o=.d) $(TEST_OBJ:.o=.d)
