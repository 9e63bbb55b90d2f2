#pragma once

#include <string>
#include <vector>

#include "muster/app/keys/options.h"
#include "muster/app/options/arguments.h"
#include "muster/app/options/resolve.h"
#include "muster/serve/credentials.h"

namespace muster::inline app {

class Catalogue;

/// What `serve` or `work` was asked for.
struct ServeRequest {
  Arguments arguments;
  std::string address;  ///< of `work`: the server's
  Configuration configuration;
  Resolution resolution;
  std::string unused;  ///< a line that names keys of the file without use, or ""
};

/// Read the words behind the command; used by both programs. Of a worker without a file only the given keys
/// are set here; resolve_with_server() resolves the rest. Throw OptionError.
ServeRequest read_serve_request(const Catalogue& catalogue, const std::vector<std::string>& words);
ServeRequest read_work_request(const Catalogue& catalogue, const std::vector<std::string>& words);

/// Resolves the request of a worker without a file over `toml`, the configuration that its server sent. The
/// server's paths and the other keys of its own are ignored. Throws OptionError.
void resolve_with_server(const Catalogue& catalogue, const std::string& toml, ServeRequest& request);
/// Whether the worker has to ask its server for the configuration.
bool asks_server(const ServeRequest& request);

CredentialOptions credential_options(const ServeSection& serve);

/// What `muster status` was asked.
struct StatusRequest {
  Arguments arguments;
  Configuration configuration;
  std::string address;  ///< of the server
  double every = 0;     ///< seconds between two answers; 0: only one
};
StatusRequest read_status_request(const Catalogue& catalogue, const std::vector<std::string>& words);

}  // namespace muster::inline app
