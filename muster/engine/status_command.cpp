#include <unistd.h>

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <thread>

#include "muster/app/options/serve_request.h"
#include "muster/base/error.h"
#include "muster/base/format.h"
#include "muster/base/log.h"
#include "muster/base/output.h"
#include "muster/base/terminal.h"
#include "muster/engine/commands.h"
#include "muster/serve/ask_status.h"

namespace muster::inline engine {

namespace {

void show(const ServerStatus& status, bool json, bool over_the_last) {
  if (json)
    write_output(status_json(status) + "\n");
  else
    write_output((over_the_last ? "\x1b[H\x1b[2J" : "") + printable(status_text(status), "\n\t"));
  flush_output();
}

/// Reports a server that no longer answers; once it has answered, that is no error of this command.
void say_gone(const std::string& address, const ServerStatus& last, const char* why) {
  print_log(
      "the server at {} no longer answers ({}): it has ended or was stopped. Last status: version {}, {} of "
      "{} "
      "local steps; its folder says whether the run is finished\n",
      address, why, format_count(last.version), format_count(last.local_steps),
      format_count(last.total_steps));
}

}  // namespace

int run_status(const Catalogue& catalogue, const std::vector<std::string>& words) {
  const StatusRequest request = read_status_request(catalogue, words);
  const Credentials credentials =
      client_credentials(credential_options(request.configuration.serve), request.address);
  ::setenv("GRPC_VERBOSITY", "NONE", 0);  // only silences what gRPC says by itself
  const bool terminal = is_live_terminal(STDOUT_FILENO);
  std::optional<ServerStatus> last;
  while (true) {
    try {
      last = ask_status(request.address, credentials, request.configuration.serve.patience);
    } catch (const LostPeer& gone) {
      if (!last) throw;
      say_gone(request.address, *last, gone.what());
      return 0;
    }
    show(*last, request.arguments.has("json"), request.every > 0 && terminal);
    if (request.every == 0 || last->finished) return 0;
    std::this_thread::sleep_for(std::chrono::microseconds(std::llround(1e6 * request.every)));
  }
}

}  // namespace muster::inline engine
