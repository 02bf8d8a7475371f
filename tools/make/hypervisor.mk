# SPDX-License-Identifier: GPL-2.0-or-later
#
# The hypervisor for aarch64: engine, qemu-virt platform and hv-glue in one static PIE.
#   build/aarch64/postern.elf    what QEMU's -kernel takes, with symbols
#   build/aarch64/postern.Image  the same as a flat arm64 Image
# CC=clang builds it with clang (in build/aarch64-clang). No libc: the only library is the target's
# libfdt.a as the distribution ships it.

CC := gcc
HV_TRIPLE := aarch64-linux-gnu
HV_OUT := $(BUILD)/aarch64

ifneq ($(findstring clang,$(CC)),)
HV_OUT := $(BUILD)/aarch64-clang
HV_CC := $(or $(shell command -v clang-19),clang) --target=$(HV_TRIPLE)
HV_ARCH_FLAGS := -mno-outline-atomics -Wno-unused-command-line-argument
else
HV_CC := $(HV_TRIPLE)-gcc
HV_ARCH_FLAGS := -mno-outline-atomics
endif
HV_OBJCOPY := $(HV_TRIPLE)-objcopy
HV_SIZE := $(HV_TRIPLE)-size

HV_ENGINE_SRC := $(wildcard core/*.c pci/*.c iommu/*.c irq/*.c platforms/*.c platforms/qemu-virt/*.c)
HV_GLUE_SRC := $(wildcard hv-glue/*.c hv-glue/bringup/*.c hv-glue/arch/aarch64/*.c hv-glue/arch/aarch64/*.S)
HV_OBJ := $(addprefix $(HV_OUT)/,$(addsuffix .o,$(basename $(HV_ENGINE_SRC) $(HV_GLUE_SRC))))
HV_LDS := hv-glue/arch/aarch64/hypervisor.lds
HV_LIBFDT := $(firstword $(wildcard /usr/lib/aarch64-linux-gnu/libfdt.a) libfdt.a)

WARNINGS := -Wall -Wextra -Wconversion -Wshadow -Werror
HV_CFLAGS := -std=c11 -ffreestanding -fpie -fvisibility=hidden -mgeneral-regs-only -mstrict-align \
	$(HV_ARCH_FLAGS) -fno-stack-protector -fno-common -ffunction-sections -fdata-sections \
	-fno-asynchronous-unwind-tables -O2 -g $(WARNINGS) $(CFLAGS_EXTRA)
HV_ENGINE_INC := -Iinclude
HV_GLUE_INC := -I. -Iinclude -Ihv-glue/include -Ihv-glue/arch/aarch64/include
HV_LDFLAGS := -nostdlib -static -Wl,-pie -Wl,--no-dynamic-linker -Wl,-z,text -Wl,-z,max-page-size=4096 \
	-Wl,-z,noexecstack -Wl,--gc-sections -Wl,--build-id=none

# V=1 shows the commands; -s shows nothing.
Q := $(if $(V),,@)
silent := $(findstring s,$(filter-out --%,$(firstword -$(MAKEFLAGS))))
say = $(if $(V)$(silent),,@printf '  %-8s %s\n' '$(1)' '$(2)')

# The objects alone, for a build that only asks whether the sources compile.
.PHONY: hypervisor-objects
hypervisor-objects: $(HV_OBJ)

hypervisor: $(HV_OUT)/postern.elf $(HV_OUT)/postern.Image
	@:

# Rebuild when the flags change, not only when a source does.
$(HV_OUT)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(HV_CC) $(HV_CFLAGS) $(HV_LDFLAGS)' | cmp -s - $@ || echo '$(HV_CC) $(HV_CFLAGS) $(HV_LDFLAGS)' > $@
FORCE:
.PHONY: FORCE

$(HV_OUT)/hv-glue/%.o: hv-glue/%.c $(HV_OUT)/flags
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(HV_CC) $(HV_CFLAGS) $(HV_GLUE_INC) -MMD -MP -c -o $@ $<

$(HV_OUT)/hv-glue/%.o: hv-glue/%.S $(HV_OUT)/flags
	$(call say,AS,$<)
	@mkdir -p $(@D)
	$(Q)$(HV_CC) $(HV_CFLAGS) -D__ASSEMBLY__ $(HV_GLUE_INC) -MMD -MP -c -o $@ $<

$(HV_OUT)/%.o: %.c $(HV_OUT)/flags
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(HV_CC) $(HV_CFLAGS) $(HV_ENGINE_INC) -MMD -MP -c -o $@ $<

$(HV_OUT)/postern.elf: $(HV_OBJ) $(HV_LDS)
	$(call say,LD,$@)
	$(Q)$(HV_TRIPLE)-gcc $(HV_LDFLAGS) -T $(HV_LDS) -o $@ $(HV_OBJ) $(HV_LIBFDT)

$(HV_OUT)/postern.Image: $(HV_OUT)/postern.elf
	$(call say,OBJCOPY,$@)
	$(Q)$(HV_OBJCOPY) -O binary $< $@

size: $(HV_OUT)/postern.elf
	@$(HV_SIZE) $<

-include $(HV_OBJ:.o=.d)
