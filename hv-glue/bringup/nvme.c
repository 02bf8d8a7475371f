// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The bring-up test's NVMe driver: admin queue, identify, one I/O queue, read. Contract of the ops
 * in bringup.h; registers and sections in nvme-regs.h.
 *
 * Commands go one at a time, each waited for within a bound. Queues, lists and data are addressed
 * by IOVA and never by the memory behind it. The drive is written by nvme_destroy() only.
 */
#include <linux/pci_regs.h>
#include <postern/arch.h>
#include <postern/errno.h>
#include <postern/manifest.h>
#include <postern/string.h>

#include "bringup.h"
#include "nvme-regs.h"

/* Where things lie in the bed. */
#define AT_ADMIN_SQ BED_CONTROL(0)
#define AT_ADMIN_CQ BED_CONTROL(1)
#define AT_IO_SQ    BED_CONTROL(2)
#define AT_IO_CQ    BED_CONTROL(3)
#define AT_IDENTIFY BED_CONTROL(4)
#define AT_PRP_LIST BED_CONTROL(5)

#define QUEUE_DEPTH   8u
#define PAGE_SHIFT    12u
#define MIN_RDY_MS    500u
#define REFUSED_WRITE 4096u

struct queue {
	uint16_t id, tail, head, next_command;
	bool phase;
	uint32_t at_sq, at_cq;
};

static struct {
	struct bed *b;
	unsigned doorbell_stride;
	unsigned page_shift;   /* of the pages PRPs name */
	uint32_t transfer_max; /* bytes of one command */
	uint32_t namespace_id;
	uint64_t blocks;
	unsigned block_shift;
	struct queue admin, io;
} nvme;

static uint32_t reg(uint32_t offset)
{
	return mmio_read32(bed_register(nvme.b, 0, offset));
}

static void set_reg(uint32_t offset, uint32_t value)
{
	mmio_write32(bed_register(nvme.b, 0, offset), value);
}

static void set_reg64(uint32_t offset, uint64_t value)
{
	set_reg(offset, (uint32_t)value);
	set_reg(offset + 4, (uint32_t)(value >> 32));
}

/* ---- commands ---- */

static void queue_init(struct queue *q, uint16_t id, uint32_t at_sq, uint32_t at_cq)
{
	*q = (struct queue){ .id = id, .phase = true, .at_sq = at_sq, .at_cq = at_cq };
	memset(bed_at(nvme.b, at_sq), 0, QUEUE_DEPTH * sizeof(struct nvme_command));
	memset(bed_at(nvme.b, at_cq), 0, QUEUE_DEPTH * sizeof(struct nvme_completion));
}

static void ring(const struct queue *q, unsigned completion, uint16_t value)
{
	set_reg(NVME_DOORBELL + (2u * q->id + completion) * nvme.doorbell_stride, value);
}

static struct nvme_completion *next_completion(const struct queue *q)
{
	struct nvme_completion *table = bed_at(nvme.b, q->at_cq);

	return &table[q->head];
}

static bool has_completion(void *ctx)
{
	const struct queue *q = ctx;
	uint16_t status = __atomic_load_n(&next_completion(q)->status, __ATOMIC_ACQUIRE);

	arch_read_barrier();
	return (status & COMPLETION_PHASE) == (q->phase ? COMPLETION_PHASE : 0);
}

/* 0, the status field of the completion (> 0), or -ETIMEDOUT. */
static int run(struct queue *q, struct nvme_command *c)
{
	struct nvme_command *table = bed_at(nvme.b, q->at_sq);
	struct nvme_completion done;

	c->id = q->next_command++;
	table[q->tail] = *c;
	q->tail = (uint16_t)((q->tail + 1) % QUEUE_DEPTH);
	arch_write_barrier();
	ring(q, 0, q->tail);
	/* A completion of a command given up before may come first. */
	do {
		if (!wait_until(has_completion, q, nvme.b->answer_ms))
			return -ETIMEDOUT;
		done = *next_completion(q);
		q->head = (uint16_t)((q->head + 1) % QUEUE_DEPTH);
		q->phase = q->head ? q->phase : !q->phase;
		ring(q, 1, q->head);
	} while (done.command_id != c->id);
	return (int)FIELD_GET(COMPLETION_STATUS, done.status);
}

static int identify(uint32_t what, uint32_t namespace_id)
{
	struct nvme_command c = {
		.opcode = ADMIN_IDENTIFY,
		.namespace_id = namespace_id,
		.prp1 = bed_iova(nvme.b, AT_IDENTIFY),
		.dword10 = what,
	};

	return run(&nvme.admin, &c);
}

static int create_io_queue(void)
{
	const uint32_t size =
		(uint32_t)(FIELD_PUT(QUEUE_ID, 1) | FIELD_PUT(QUEUE_ENTRIES, QUEUE_DEPTH - 1));
	struct nvme_command cq = {
		.opcode = ADMIN_CREATE_CQ,
		.prp1 = bed_iova(nvme.b, AT_IO_CQ),
		.dword10 = size,
		.dword11 = QUEUE_CONTIGUOUS | CQ_INTERRUPTS |
			   (uint32_t)FIELD_PUT(CQ_VECTOR, nvme.b->vector_count - 1),
	};
	struct nvme_command sq = {
		.opcode = ADMIN_CREATE_SQ,
		.prp1 = bed_iova(nvme.b, AT_IO_SQ),
		.dword10 = size,
		.dword11 = QUEUE_CONTIGUOUS | (uint32_t)FIELD_PUT(SQ_CQ_ID, 1),
	};
	struct nvme_command queues = {
		.opcode = ADMIN_SET,
		.dword10 = FEATURE_QUEUES,
		.dword11 = ONE_OF_EACH,
	};
	int err = run(&nvme.admin, &queues);

	if (!err)
		err = run(&nvme.admin, &cq);
	return err ? err : run(&nvme.admin, &sq);
}

/* Physical Region Pages (4.1.1): the first, then the second or a list of the others. */
static void set_prps(struct nvme_command *c, iova_t iova, uint32_t size)
{
	const uint32_t page = (uint32_t)BIT32(nvme.page_shift);
	uint64_t *list = bed_at(nvme.b, AT_PRP_LIST);

	c->prp1 = iova;
	if (size <= page)
		return;
	if (size <= 2 * page) {
		c->prp2 = iova + page;
		return;
	}
	for (uint32_t at = page; at < size; at += page)
		*list++ = iova + at;
	c->prp2 = bed_iova(nvme.b, AT_PRP_LIST);
}
_Static_assert((BED_DATA_SIZE >> PAGE_SHIFT) * sizeof(uint64_t) <= 4 * KIB,
	       "a list of one page reaches all data");

/* Blocks from `block` on, to or from contiguous IOVAs; a multiple of the block and of a page. */
static int transfer(uint8_t opcode, uint64_t block, iova_t iova, uint32_t size)
{
	while (size) {
		uint32_t part = size < nvme.transfer_max ? size : nvme.transfer_max;
		struct nvme_command c = {
			.opcode = opcode,
			.namespace_id = nvme.namespace_id,
			.dword10 = (uint32_t)block,
			.dword11 = (uint32_t)(block >> 32),
			.dword12 = (part >> nvme.block_shift) - 1,
		};
		int err;

		set_prps(&c, iova, part);
		err = run(&nvme.io, &c);
		if (err)
			return err;
		block += part >> nvme.block_shift;
		iova += part;
		size -= part;
	}
	return 0;
}

/* ---- start ---- */

struct ready {
	bool wanted;
};

static bool is_ready(void *ctx)
{
	const struct ready *r = ctx;
	uint32_t csts = reg(NVME_CSTS);

	return csts != UINT32_MAX && !!(csts & CSTS_RDY) == r->wanted;
}

/* CC.EN, then CSTS.RDY within the time the controller asks for. */
static bool enable(uint32_t cc, uint32_t cap)
{
	struct ready r = { cc & CC_EN };
	unsigned ms = (unsigned)FIELD_GET(CAP_LOW_TO, cap) * CAP_TO_MS;

	set_reg(NVME_CC, cc);
	return wait_until(is_ready, &r, ms < MIN_RDY_MS ? MIN_RDY_MS : ms);
}

static bool failed(const char *what, int status)
{
	if (status < 0)
		report_row(nvme.b->subject, "identify", VERDICT_FAILED,
			   "%s: no answer within %u ms (CSTS 0x%x)", what, nvme.b->answer_ms,
			   reg(NVME_CSTS));
	else
		report_row(nvme.b->subject, "identify", VERDICT_FAILED, "%s: status 0x%x", what,
			   (unsigned)status);
	return false;
}

static bool bring_up(void)
{
	uint32_t cap = reg(NVME_CAP_LOW), cap_high = reg(NVME_CAP_HIGH), cc;

	if (cap == UINT32_MAX || !(cap_high & CAP_HIGH_CSS)) {
		report_row(nvme.b->subject, "identify", VERDICT_FAILED,
			   "CAP reads 0x%08x%08x: no NVM controller answers", cap_high, cap);
		return false;
	}
	nvme.doorbell_stride = 4u << FIELD_GET(CAP_HIGH_DSTRD, cap_high);
	nvme.page_shift = PAGE_SHIFT + (unsigned)FIELD_GET(CAP_HIGH_MPSMIN, cap_high);
	if (BIT64(nvme.page_shift) > BED_GRANULE ||
	    FIELD_GET(CAP_LOW_MQES, cap) + 1 < QUEUE_DEPTH) {
		report_row(nvme.b->subject, "identify", VERDICT_NOT_HERE,
			   "pages of %llu bytes at least, queues of %llu entries at most",
			   (unsigned long long)BIT64(nvme.page_shift),
			   (unsigned long long)FIELD_GET(CAP_LOW_MQES, cap) + 1);
		return false;
	}
	if (!enable(0, cap)) {
		report_row(nvme.b->subject, "identify", VERDICT_FAILED,
			   "it does not stop (CSTS 0x%x)", reg(NVME_CSTS));
		return false;
	}
	queue_init(&nvme.admin, 0, AT_ADMIN_SQ, AT_ADMIN_CQ);
	queue_init(&nvme.io, 1, AT_IO_SQ, AT_IO_CQ);
	arch_write_barrier();
	set_reg(NVME_AQA, (uint32_t)(FIELD_PUT(AQA_ASQS, QUEUE_DEPTH - 1) |
				     FIELD_PUT(AQA_ACQS, QUEUE_DEPTH - 1)));
	set_reg64(NVME_ASQ, bed_iova(nvme.b, AT_ADMIN_SQ));
	set_reg64(NVME_ACQ, bed_iova(nvme.b, AT_ADMIN_CQ));
	cc = (uint32_t)(FIELD_PUT(CC_MPS, nvme.page_shift - PAGE_SHIFT) |
			FIELD_PUT(CC_IOSQES, LOG2_SQ_SIZE) | FIELD_PUT(CC_IOCQES, LOG2_CQ_SIZE));
	if (!enable(cc | CC_EN, cap)) {
		report_row(nvme.b->subject, "identify", VERDICT_FAILED,
			   "it does not get ready (CSTS 0x%x%s)", reg(NVME_CSTS),
			   reg(NVME_CSTS) & CSTS_CFS ? ", fatal" : "");
		return false;
	}
	return true;
}

/* A text of the controller: space-padded, and nothing but printable characters. */
static void copy_text(char *out, const uint8_t *from, size_t length)
{
	size_t end = 0;

	for (size_t i = 0; i < length; i++) {
		out[i] = from[i] >= ' ' && from[i] < 0x7f ? (char)from[i] : '?';
		end = out[i] != ' ' ? i + 1 : end;
	}
	out[end] = '\0';
}

static uint32_t load32(const uint8_t *at)
{
	uint32_t v;

	memcpy(&v, at, sizeof(v));
	return v;
}

/* The first active namespace; row. */
static bool take_namespace(const char *model, const char *serial)
{
	const uint8_t *data = bed_at(nvme.b, AT_IDENTIFY);
	uint32_t format;
	int status = identify(IDENTIFY_NSID_LIST, 0);

	if (status)
		return failed("list of namespaces", status);
	nvme.namespace_id = load32(data);
	if (!nvme.namespace_id) {
		report_row(nvme.b->subject, "identify", VERDICT_NOT_HERE,
			   "%s, serial %s: no namespace", model, serial);
		return false;
	}
	status = identify(IDENTIFY_NAMESPACE, nvme.namespace_id);
	if (status)
		return failed("namespace", status);
	memcpy(&nvme.blocks, data + NAMESPACE_SIZE, sizeof(nvme.blocks));
	format = load32(data + NAMESPACE_FORMAT + 4 * (data[NAMESPACE_FLBAS] & FLBAS_INDEX));
	nvme.block_shift = (unsigned)FIELD_GET(FORMAT_LBADS, format);
	if (nvme.block_shift < 9 || BIT64(nvme.block_shift) > REFUSED_WRITE ||
	    FIELD_GET(FORMAT_METADATA, format) || nvme.blocks < BED_DATA_SIZE >> nvme.block_shift) {
		report_row(nvme.b->subject, "identify", VERDICT_NOT_HERE,
			   "%s, serial %s: %llu blocks of 2^%u bytes (format 0x%x)", model, serial,
			   (unsigned long long)nvme.blocks, nvme.block_shift, format);
		return false;
	}
	report_row(nvme.b->subject, "identify", VERDICT_OK,
		   "%s, serial %s, version 0x%x, namespace %u: %llu blocks of %u bytes", model,
		   serial, reg(NVME_VS), nvme.namespace_id, (unsigned long long)nvme.blocks,
		   1u << nvme.block_shift);
	return true;
}

static bool nvme_start(struct bed *b)
{
	const uint8_t *data = bed_at(b, AT_IDENTIFY);
	char model[CONTROLLER_MODEL_LENGTH + 1], serial[CONTROLLER_SERIAL_LENGTH + 1];
	unsigned limit;
	int status;

	nvme.b = b;
	if (!bring_up())
		return false;
	memset(bed_at(b, AT_IDENTIFY), 0, IDENTIFY_SIZE);
	status = identify(IDENTIFY_CONTROLLER, 0);
	if (status)
		return failed("controller", status);
	copy_text(model, data + CONTROLLER_MODEL, CONTROLLER_MODEL_LENGTH);
	copy_text(serial, data + CONTROLLER_SERIAL, CONTROLLER_SERIAL_LENGTH);
	limit = data[CONTROLLER_MDTS];
	nvme.transfer_max = (uint32_t)BED_DATA_SIZE;
	if (limit && limit + nvme.page_shift < 20)
		nvme.transfer_max = BIT32(limit + nvme.page_shift);
	status = create_io_queue();
	if (status)
		return failed("I/O queue", status);
	return take_namespace(model, serial);
}
_Static_assert(BED_DATA_SIZE == BIT64(20), "nvme_start()");

/* ---- transfers ---- */

static void hash_data(const struct bed *b, char hex[2 * SHA256_SIZE + 1])
{
	uint8_t digest[SHA256_SIZE];
	struct sha256 s;

	sha256_init(&s);
	for (uint32_t at = 0; at < BED_DATA_SIZE; at += BED_GRANULE)
		sha256_update(&s, bed_at(b, at), BED_GRANULE);
	sha256_final(&s, digest);
	sha256_hex(digest, hex);
}

/* Every granule was written by somebody. */
static bool all_arrived(const struct bed *b)
{
	for (uint32_t at = 0; at < BED_DATA_SIZE; at += BED_GRANULE)
		if (bed_data_marked(b, at, BED_GRANULE))
			return false;
	return true;
}

static bool nvme_read(struct bed *b, const char *step)
{
	char hex[2 * SHA256_SIZE + 1];
	int status;

	bed_mark_data(b);
	status = transfer(NVM_READ, 0, bed_iova(b, 0), BED_DATA_SIZE);
	if (status) {
		report_row(b->subject, step, VERDICT_FAILED,
			   status < 0 ? "no completion (error %d)" : "completed with status 0x%x",
			   status < 0 ? -status : status);
		return false;
	}
	if (!all_arrived(b)) {
		report_row(b->subject, step, VERDICT_FAILED,
			   "completed, but not all of it arrived in memory");
		return false;
	}
	hash_data(b, hex);
	report_row(b->subject, step, VERDICT_OK, "from block 0 in parts of %u KiB, SHA-256 %s",
		   nvme.transfer_max / (uint32_t)KIB, hex);
	return true;
}

static int nvme_write_at(struct bed *b, iova_t iova)
{
	(void)b;
	return transfer(NVM_READ, 0, iova, REFUSED_WRITE);
}

/* The last MiB of the drive gets a pattern, which stays there. */
static void nvme_destroy(struct bed *b)
{
	const uint64_t first = nvme.blocks - (BED_DATA_SIZE >> nvme.block_shift);
	char hex[2 * SHA256_SIZE + 1], back[2 * SHA256_SIZE + 1];
	int status;

	bed_mark_data(b);
	hash_data(b, hex);
	status = transfer(NVM_WRITE, first, bed_iova(b, 0), BED_DATA_SIZE);
	if (!status) {
		for (uint32_t at = 0; at < BED_DATA_SIZE; at += BED_GRANULE)
			memset(bed_at(b, at), 0, BED_GRANULE);
		arch_full_barrier();
		status = transfer(NVM_READ, first, bed_iova(b, 0), BED_DATA_SIZE);
	}
	hash_data(b, back);
	if (status)
		report_row(b->subject, "write 1 MiB", VERDICT_FAILED, "block %llu: status %d",
			   (unsigned long long)first, status);
	else if (strcmp(hex, back))
		report_row(b->subject, "write 1 MiB", VERDICT_FAILED,
			   "block %llu: what is read back is not what was written",
			   (unsigned long long)first);
	else
		report_row(b->subject, "write 1 MiB", VERDICT_OK, "at block %llu, SHA-256 %s",
			   (unsigned long long)first, hex);
}

/* Class code of NVM Express I/O controllers (PCI Code and ID Assignment, 1.9). */
#define CLASS_NVME 0x010802u

static bool nvme_matches(const struct pci_function *f)
{
	return f->class_code == CLASS_NVME && !pci_is_vf(f);
}

const struct bringup_driver bringup_nvme = {
	.name = "NVMe",
	.vectors = 2,
	.matches = nvme_matches,
	.start = nvme_start,
	.transfer = nvme_read,
	.transfer_step = "read 1 MiB",
	.write_at = nvme_write_at,
	.write_size = REFUSED_WRITE,
	.write_place = BED_DATA_SIZE - REFUSED_WRITE,
	.destroy = nvme_destroy,
};
