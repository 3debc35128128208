/*
 * main.c - peri-balancer.
 */
#include "balancer/balancer.h"

int main(int argc, char **argv)
{
	return service_main(balancer_service(), argc, argv);
}
