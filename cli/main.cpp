#include "muster/app/commands/command_table.h"
#include "muster/app/keys/catalogue.h"
#include "muster/app/processes/program.h"

// The program `muster`: what needs no tensors is answered here, the rest by muster-engine beside it.
int main(int argc, char** argv) {
  const muster::Catalogue catalogue(muster::built_in_kinds());
  return muster::run_program(catalogue, muster::muster_commands(), argc, argv);
}
