#include <unistd.h>

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <thread>

#include "muster/app/engine/commands.h"
#include "muster/app/serve_request.h"
#include "muster/base/output.h"
#include "muster/serve/ask_status.h"

namespace muster {

namespace {

void show(const ServerStatus& status, bool json, bool over_the_last) {
  if (json)
    write_output(status_json(status) + "\n");
  else
    write_output((over_the_last ? "\x1b[H\x1b[2J" : "") + printable(status_text(status), "\n\t"));
  flush_output();
}

}  // namespace

int run_status(const std::vector<std::string>& words) {
  const StatusRequest request = read_status_request(words);
  const Doors doors = client_doors(door_options(request.configuration.serve), request.address);
  ::setenv("GRPC_VERBOSITY", "NONE", 0);  // only silences what gRPC says by itself
  const bool terminal = ::isatty(STDOUT_FILENO) == 1;
  while (true) {
    const ServerStatus status = ask_status(request.address, doors, request.configuration.serve.patience);
    show(status, request.arguments.has("json"), request.every > 0 && terminal);
    if (request.every == 0 || status.finished) return 0;
    std::this_thread::sleep_for(std::chrono::microseconds(std::llround(1e6 * request.every)));
  }
}

}  // namespace muster
