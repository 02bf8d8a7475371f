// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Between a zone's virtual cores: inter-processor interrupts, mailboxes, and writes into another
 * core's registers. docs/hardware/loongson-interrupts.md, "IPI".
 *
 * A send is decoded and carried out on the zone's own state. One that names a core the zone has not,
 * or by ANY_SEND a register other than the EIOINTC's (which is what kernels use it for), is dropped
 * and counted; nothing is ever passed on.
 *
 * Locking: vloongson->lock is held by every caller.
 */
#include <postern/string.h>

#include "vloongson-internal.h"

void vipi_reset(struct vloongson *v)
{
	for (unsigned i = 0; i < MAX_CPUS; i++) {
		v->s.core[i].ipi_status = 0;
		v->s.core[i].ipi_enable = 0;
		memset(v->s.core[i].mailbox, 0, IPI_BYTES);
	}
}

uint64_t vipi_read(const struct vloongson *v, unsigned vcpu, uint32_t offset, unsigned size)
{
	const struct vcore *c = &v->s.core[vcpu];
	uint64_t value = 0;

	if (offset >= IOCSR_MAILBOX && offset < IOCSR_IPI_BANK_END)
		for (unsigned i = 0; i < size; i++)
			value |= (uint64_t)c->mailbox[offset - IOCSR_MAILBOX + i] << 8 * i;
	else if (offset == IOCSR_IPI_STATUS && size == 4)
		value = c->ipi_status;
	else if (offset == IOCSR_IPI_ENABLE && size == 4)
		value = c->ipi_enable;
	return value;
}

/* The vCPU a send names; false: the zone has none of that number. */
static bool send_target(struct vloongson *v, uint64_t value, unsigned *vcpu)
{
	*vcpu = (unsigned)FIELD_GET(SEND_CORE, value);
	if (*vcpu < v->config.vcpus)
		return true;
	v->stats.refused++;
	return false;
}

static void ipi_send(struct vloongson *v, uint64_t value)
{
	unsigned vcpu;

	if (!send_target(v, value, &vcpu))
		return;
	v->s.core[vcpu].ipi_status |= BIT32(FIELD_GET(IPI_SEND_NUMBER, value));
	vloongson_update(v, vcpu);
}

static bool byte_written(uint64_t value, unsigned byte)
{
	return !(FIELD_GET(SEND_KEEP, value) >> byte & 1);
}

static uint8_t data_byte(uint64_t value, unsigned byte)
{
	return (uint8_t)(FIELD_GET(SEND_DATA, value) >> 8 * byte);
}

static void mail_send(struct vloongson *v, uint64_t value)
{
	unsigned at = 4 * (unsigned)FIELD_GET(MAIL_SEND_HALF, value), vcpu;

	if (!send_target(v, value, &vcpu))
		return;
	for (unsigned i = 0; i < 4; i++)
		if (byte_written(value, i))
			v->s.core[vcpu].mailbox[at + i] = data_byte(value, i);
}

static void any_send(struct vloongson *v, uint64_t value)
{
	uint32_t offset = (uint32_t)FIELD_GET(ANY_SEND_OFFSET, value);
	unsigned vcpu;

	if (!send_target(v, value, &vcpu))
		return;
	if (!is_aligned(offset, 4) || !veio_has(offset)) {
		v->stats.refused++;
		return;
	}
	for (unsigned i = 0; i < 4; i++)
		if (byte_written(value, i))
			veio_write8(v, vcpu, offset + i, data_byte(value, i));
}

void vipi_write(struct vloongson *v, unsigned vcpu, uint32_t offset, unsigned size, uint64_t value)
{
	struct vcore *c = &v->s.core[vcpu];

	if (offset >= IOCSR_MAILBOX && offset < IOCSR_IPI_BANK_END) {
		for (unsigned i = 0; i < size; i++)
			c->mailbox[offset - IOCSR_MAILBOX + i] = (uint8_t)(value >> 8 * i);
	} else if (size == 4) {
		if (offset == IOCSR_IPI_ENABLE)
			c->ipi_enable = (uint32_t)value;
		else if (offset == IOCSR_IPI_SET)
			c->ipi_status |= (uint32_t)value;
		else if (offset == IOCSR_IPI_CLEAR)
			c->ipi_status &= ~(uint32_t)value;
		else if (offset == IOCSR_IPI_SEND)
			ipi_send(v, value);
		else if (offset == IOCSR_EIO_SEND)
			veio_raise(v, value % EIO_VECTORS);
		vloongson_update(v, vcpu);
	} else if (size == 8) {
		if (offset == IOCSR_MAIL_SEND)
			mail_send(v, value);
		else if (offset == IOCSR_ANY_SEND)
			any_send(v, value);
	}
}
