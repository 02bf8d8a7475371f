/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the Loongson interrupt model share. */
#ifndef MODEL_LOONGSON_IRQ_PRIVATE_H
#define MODEL_LOONGSON_IRQ_PRIVATE_H

#include "loongson-irq.h"

/* Software wrote a register. */
void model_irq_note(bool pch_pic, uint32_t offset, unsigned size, uint64_t value);
/* A message with this vector reaches the EIOINTC of node 0. */
void model_eio_raise(unsigned vector);
void model_pch_pic_add(const struct model_loongson_irq_config *config);

#endif
