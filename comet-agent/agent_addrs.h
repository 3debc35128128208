/*
 * agent_addrs.h - which addresses this node tells clients: those it was given,
 * or the global ones of its interfaces. Main thread, at start.
 */
#ifndef PERI_COMET_AGENT_AGENT_ADDRS_H
#define PERI_COMET_AGENT_AGENT_ADDRS_H

#include "lib/proto/node.h"
#include "lib/svc/conf.h"

/*
 * agent_addrs_fill - put the addresses of both families into @record.
 *
 * @list  addresses and "auto", in this order; an address twice counts once
 *
 * Returns 0; ERR_LIMIT when there are more than NODE_ADDRS_MAX of a family
 * given by name (those found by "auto" are cut off); ERR_NOTFOUND when there
 * are none at all; -errno when the interfaces cannot be read.
 */
MUST_CHECK int agent_addrs_fill(const struct conf_list *list,
				struct node_record *record);

#endif
