#include "muster/app/command_table.h"
#include "muster/app/program.h"

// The program `muster`: what needs no tensors is answered here, the rest by muster-engine beside it.
int main(int argc, char** argv) { return muster::run_program(muster::muster_commands(), argc, argv); }
