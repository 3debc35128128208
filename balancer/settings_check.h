/*
 * settings_check.h - the rules between peri-balancer's options. Pure.
 */
#ifndef PERI_BALANCER_SETTINGS_CHECK_H
#define PERI_BALANCER_SETTINGS_CHECK_H

#include "lib/base/buf.h"

/* settings_check - whether @settings (a struct balancer_settings) can work; of
 * the type that struct conf_table wants. Returns 0, or an error after appending
 * the option, its value and the rule to @why. Any thread. */
MUST_CHECK int settings_check(const void *settings, struct buf *why);

#endif
