/*
 * main.c - peri-registry.
 */
#include "registry/registry.h"

int main(int argc, char **argv)
{
	return service_main(registry_service(), argc, argv);
}
