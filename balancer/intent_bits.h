/*
 * intent_bits.h - what operators want of a node, and who says so: the bits of
 * snapshot_node.intent. For people; what follows from it is in the weights.
 */
#ifndef PERI_BALANCER_INTENT_BITS_H
#define PERI_BALANCER_INTENT_BITS_H

enum {
	INTENT_BITS_STATE = 3,	      /* a mask: enum intent_state */
	INTENT_BITS_STATE_REGION = 4, /* said of its region, not of it */
	INTENT_BITS_WEIGHT = 8,	      /* not the weight that it reports */
	INTENT_BITS_WEIGHT_REGION = 16,
};

#endif
