/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the bring-up test uses of an NVMe controller. Section numbers: NVM Express Base
 * Specification 2.0c; NVM Command Set Specification 1.0c where "NVM" stands before them.
 */
#ifndef BRINGUP_NVME_REGS_H
#define BRINGUP_NVME_REGS_H

#include <postern/types.h>

/* Controller properties, offsets in BAR0 (3.1.3). Those of 64 bits are read as two halves. */
#define NVME_CAP_LOW  0x00u
#define NVME_CAP_HIGH 0x04u
#define NVME_VS       0x08u
#define NVME_CC       0x14u
#define NVME_CSTS     0x1cu
#define NVME_AQA      0x24u
#define NVME_ASQ      0x28u
#define NVME_ACQ      0x30u
/* Doorbells (NVMe over PCIe Transport Specification 1.0c, 3.1.2): SQ y tail 2y, CQ y head 2y + 1. */
#define NVME_DOORBELL 0x1000u

/* CAP (3.1.3.1), each half on its own. */
#define CAP_LOW_MQES    MASK32(15, 0)  /* entries of a queue, less one */
#define CAP_LOW_TO      MASK32(31, 24) /* of 500 ms: how long RDY may take */
#define CAP_HIGH_DSTRD  MASK32(3, 0)   /* distance of doorbells, 4 << DSTRD bytes */
#define CAP_HIGH_CSS    BIT32(5)       /* NVM command set */
#define CAP_HIGH_MPSMIN MASK32(19, 16) /* smallest page, 4 KiB << MPSMIN */
#define CAP_TO_MS       500u

/* CC (3.1.3.5). */
#define CC_EN        BIT32(0)
#define CC_MPS       MASK32(10, 7)
#define CC_IOSQES    MASK32(19, 16) /* log2 of a submission queue entry */
#define CC_IOCQES    MASK32(23, 20)
#define LOG2_SQ_SIZE 6u
#define LOG2_CQ_SIZE 4u

/* CSTS (3.1.3.6). */
#define CSTS_RDY BIT32(0)
#define CSTS_CFS BIT32(1) /* fatal */

/* AQA (3.1.3.8): entries less one. */
#define AQA_ASQS MASK32(11, 0)
#define AQA_ACQS MASK32(27, 16)

/* A command (3.3.3.1, Figure "Common Command Format"). */
struct nvme_command {
	uint8_t opcode, flags;
	uint16_t id;
	uint32_t namespace_id;
	uint32_t reserved[2];
	uint64_t metadata;
	uint64_t prp1, prp2;
	uint32_t dword10, dword11, dword12, dword13, dword14, dword15;
};
_Static_assert(sizeof(struct nvme_command) == 64, "1 << CC.IOSQES");

/* A completion (3.3.3.2). */
struct nvme_completion {
	uint32_t result, reserved;
	uint16_t sq_head, sq_id;
	uint16_t command_id;
	uint16_t status;
};
_Static_assert(sizeof(struct nvme_completion) == 16, "1 << CC.IOCQES");
#define COMPLETION_PHASE  BIT32(0)
#define COMPLETION_STATUS MASK32(11, 1) /* status code type and status code */

/*
 * Admin commands (5): Create I/O Submission Queue 5.5, Completion Queue 5.4, Identify 5.17, Set
 * Features 5.27.
 */
#define ADMIN_CREATE_SQ 0x01u
#define ADMIN_CREATE_CQ 0x05u
#define ADMIN_IDENTIFY  0x06u
#define ADMIN_SET       0x09u

/* Set Features, Number of Queues (5.27.1.5): submission and completion queues, each less one. */
#define FEATURE_QUEUES 0x07u
#define ONE_OF_EACH    0u

#define IDENTIFY_NAMESPACE  0x00u
#define IDENTIFY_CONTROLLER 0x01u
#define IDENTIFY_NSID_LIST  0x02u
#define IDENTIFY_SIZE       4096u

/* Identify Controller (5.17.2.1). */
#define CONTROLLER_SERIAL        4u
#define CONTROLLER_SERIAL_LENGTH 20u
#define CONTROLLER_MODEL         24u
#define CONTROLLER_MODEL_LENGTH  40u
#define CONTROLLER_MDTS          77u /* log2 of a transfer's pages of MPSMIN; 0: no limit */

/* Identify Namespace (NVM 4.1.5.1). */
#define NAMESPACE_SIZE   0u /* logical blocks */
#define NAMESPACE_FLBAS  26u
#define NAMESPACE_FORMAT 128u /* table of dwords */
#define FLBAS_INDEX      MASK32(3, 0)
#define FORMAT_METADATA  MASK32(15, 0)
#define FORMAT_LBADS     MASK32(23, 16) /* log2 of a logical block */

/* Queue creation: dword 10 ID and size less one, dword 11. */
#define QUEUE_ID         MASK32(15, 0)
#define QUEUE_ENTRIES    MASK32(31, 16)
#define QUEUE_CONTIGUOUS BIT32(0)
#define CQ_INTERRUPTS    BIT32(1)
#define CQ_VECTOR        MASK32(31, 16)
#define SQ_CQ_ID         MASK32(31, 16)

/* NVM commands (NVM 3.2.4, 3.2.6): dwords 10 and 11 first block, dword 12 blocks less one. */
#define NVM_WRITE 0x01u
#define NVM_READ  0x02u

#endif
