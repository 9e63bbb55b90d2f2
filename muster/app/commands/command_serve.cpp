#include "muster/app/commands/commands.h"
#include "muster/app/options/help.h"
#include "muster/app/options/printed_configuration.h"
#include "muster/app/options/serve_request.h"
#include "muster/app/processes/engine_program.h"
#include "muster/base/log.h"
#include "muster/base/output.h"

namespace muster::inline app {

int serve_command(const Catalogue& catalogue, const std::vector<std::string>& words) {
  const ServeRequest request = read_serve_request(catalogue, words);
  if (request.arguments.has("help")) {
    write_output(help_text(catalogue, serve_help()));
    return 0;
  }
  if (!request.unused.empty()) print_log("{}\n", request.unused);
  if (const auto text =
          printed_configuration(catalogue, request.arguments, request.resolution, Scope::serving)) {
    write_output(*text);
    return 0;
  }
  server_credentials(credential_options(request.configuration.serve), request.configuration.serve.address);
  hand_to_engine("serve", words);
}

int work_command(const Catalogue& catalogue, const std::vector<std::string>& words) {
  const ServeRequest request = read_work_request(catalogue, words);
  if (request.arguments.has("help")) {
    write_output(help_text(catalogue, work_help()));
    return 0;
  }
  if (!request.unused.empty()) print_log("{}\n", request.unused);
  client_credentials(credential_options(request.configuration.serve), request.address);
  hand_to_engine("work", words);
}

int status_command(const Catalogue& catalogue, const std::vector<std::string>& words) {
  const StatusRequest request = read_status_request(catalogue, words);
  if (request.arguments.has("help")) {
    write_output(help_text(catalogue, status_help()));
    return 0;
  }
  client_credentials(credential_options(request.configuration.serve), request.address);
  hand_to_engine("status", words);
}

}  // namespace muster::inline app
