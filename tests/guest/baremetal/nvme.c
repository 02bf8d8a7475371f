// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The NVMe drive without an operating system: one I/O queue pair, polled. NVM Express Base
 * Specification 2.0: registers 3.1.3, commands 5 and NVM Command Set Specification 1.0, 3.
 *
 * Writes one pattern before its FLR and another after; the host finds both in the image.
 */
#include "baremetal.h"

#define CLASS_NVME 0x010802u

#define REG_CC        0x14u
#define REG_CSTS      0x1cu
#define REG_AQA       0x24u
#define REG_ASQ       0x28u
#define REG_ACQ       0x30u
#define REG_DOORBELLS 0x1000u
#define CC_ENABLE     0x00460001u /* entries of 64 and 16 bytes */
#define CSTS_READY    0x1u

#define ADMIN_CREATE_SQ    0x01u
#define ADMIN_CREATE_CQ    0x05u
#define ADMIN_GET_FEATURES 0x0au
#define FEATURE_QUEUES     0x07u
#define NVM_WRITE          0x01u
#define NVM_READ           0x02u

#define ENTRIES    16u
#define PAGE       4096u
#define BLOCK      512u
#define BLOCKS     (PAGE / BLOCK)
#define TIMEOUT_MS 5000u

/* What is written where: test_guest_reset.py knows the same numbers. */
#define BEFORE_LBA  2048u
#define AFTER_LBA   4096u
#define BEFORE_WORD 0x6265666f72650000u
#define AFTER_WORD  0x6166746572000000u

struct command {
	uint32_t opcode, nsid;
	uint64_t reserved[2];
	uint64_t prp[2];
	uint32_t arguments[6];
};
_Static_assert(sizeof(struct command) == 64, "NVMe submission entry");

struct completion {
	uint32_t result, reserved;
	uint16_t head, queue, id, status;
};
_Static_assert(sizeof(struct completion) == 16, "NVMe completion entry");

struct queue {
	unsigned id, tail, head, phase;
	volatile struct command *submissions;
	volatile struct completion *completions;
};

static _Alignas(PAGE) volatile struct command submissions[2][PAGE / sizeof(struct command)];
static _Alignas(PAGE) volatile struct completion completions[2][PAGE / sizeof(struct completion)];
static _Alignas(PAGE) volatile uint64_t data[PAGE / 8];
static struct queue queues[2];
static struct function drive;

static uint64_t address(const volatile void *p)
{
	return (uintptr_t)p;
}

/* Doorbells stand 4 bytes apart (CAP.DSTRD is 0 in the drives this is for). */
static uint64_t doorbell(const struct queue *q, bool completion)
{
	return drive.bar[0] + REG_DOORBELLS + 8u * q->id + (completion ? 4u : 0);
}

/* Runs one command to its end; its status (0: done well), or all ones when it never ended. */
static uint32_t run(struct queue *q, const struct command *c)
{
	volatile struct completion *done = &q->completions[q->head];
	const uint64_t end = now_ms() + TIMEOUT_MS;
	uint32_t status;

	q->submissions[q->tail] = *c;
	q->tail = (q->tail + 1) % ENTRIES;
	write32(doorbell(q, false), q->tail);
	while ((done->status & 1) != q->phase)
		if (now_ms() > end)
			return 0xffffffff;
	after_dma();
	status = done->status >> 1;
	q->head = (q->head + 1) % ENTRIES;
	q->phase ^= !q->head;
	write32(doorbell(q, true), q->head);
	return status;
}

static bool wait_ready(uint32_t ready)
{
	const uint64_t end = now_ms() + TIMEOUT_MS;

	while ((read32(drive.bar[0] + REG_CSTS) & CSTS_READY) != ready)
		if (now_ms() > end)
			return false;
	return true;
}

static void write_address(unsigned reg, uint64_t value)
{
	write32(drive.bar[0] + reg, (uint32_t)value);
	write32(drive.bar[0] + reg + 4, (uint32_t)(value >> 32));
}

/* From a disabled controller to an I/O queue pair. */
static bool bring_up(void)
{
	const uint32_t size = ENTRIES - 1;
	struct command c;

	for (unsigned i = 0; i < 2; i++) {
		for (unsigned n = 0; n < ENTRIES; n++)
			completions[i][n].status = 0;
		queues[i] = (struct queue){ .id = i,
					    .phase = 1,
					    .submissions = submissions[i],
					    .completions = completions[i] };
	}
	write32(drive.bar[0] + REG_CC, 0);
	if (!wait_ready(0))
		return false;
	write32(drive.bar[0] + REG_AQA, size << 16 | size);
	write_address(REG_ASQ, address(submissions[0]));
	write_address(REG_ACQ, address(completions[0]));
	write32(drive.bar[0] + REG_CC, CC_ENABLE);
	if (!wait_ready(CSTS_READY))
		return false;
	c = (struct command){ .opcode = ADMIN_CREATE_CQ,
			      .prp = { address(completions[1]) },
			      .arguments = { size << 16 | 1, 1 } };
	if (run(&queues[0], &c))
		return false;
	c = (struct command){ .opcode = ADMIN_CREATE_SQ,
			      .prp = { address(submissions[1]) },
			      .arguments = { size << 16 | 1, 1u << 16 | 1 } };
	return !run(&queues[0], &c);
}

static uint32_t transfer(uint32_t opcode, uint64_t lba)
{
	const struct command c = { .opcode = opcode,
				   .nsid = 1,
				   .prp = { address(data) },
				   .arguments = { (uint32_t)lba, (uint32_t)(lba >> 32),
						  BLOCKS - 1 } };

	return run(&queues[1], &c);
}

static void write_pattern(const char *name, uint64_t lba, uint64_t word)
{
	for (unsigned i = 0; i < PAGE / 8; i++)
		data[i] = word + i;
	check_equal(drive.name, name, transfer(NVM_WRITE, lba), 0);
}

static void read_pattern(const char *name, uint64_t lba, uint64_t word)
{
	unsigned wrong = 0;

	for (unsigned i = 0; i < PAGE / 8; i++)
		data[i] = 0;
	check_equal(drive.name, name, transfer(NVM_READ, lba), 0);
	for (unsigned i = 0; i < PAGE / 8; i++)
		wrong += data[i] != word + i;
	check_equal(drive.name, "words that differ", wrong, 0);
}

/* An admin command completes with its interrupt masked: it pends, and is sent when unmasked. */
static void check_interrupt(void)
{
	const struct command c = { .opcode = ADMIN_GET_FEATURES, .arguments = { FEATURE_QUEUES } };

	check_equal(drive.name, "an admin command", run(&queues[0], &c), 0);
	check_equal(drive.name, "its masked interrupt is pending", msix_is_pending(&drive), 1);
	msix_mask(&drive, false);
	check_equal(drive.name, "unmasked it is no longer pending", msix_is_pending(&drive), 0);
}

void test_nvme(void)
{
	if (!pci_find_class(&drive, "nvme", CLASS_NVME, 0xffffff)) {
		check_equal("nvme", "is there", 0, 1);
		return;
	}
	pci_enable(&drive);
	if (!check_equal(drive.name, "comes up", bring_up(), true))
		return;
	msix_set_up(&drive, true);
	write_pattern("writes before the reset", BEFORE_LBA, BEFORE_WORD);
	check_interrupt();
	say("nvme: FLR\n");
	if (!flr(&drive))
		return;
	check_equal(drive.name, "the controller itself is disabled",
		    read32(drive.bar[0] + REG_CC) | read32(drive.bar[0] + REG_CSTS), 0);
	pci_enable(&drive);
	if (!check_equal(drive.name, "comes up again", bring_up(), true))
		return;
	msix_set_up(&drive, true);
	read_pattern("reads what it wrote before", BEFORE_LBA, BEFORE_WORD);
	write_pattern("writes after the reset", AFTER_LBA, AFTER_WORD);
	check_interrupt();
}
