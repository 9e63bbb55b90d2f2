#pragma once

#include <string>
#include <vector>

#include "muster/app/keys/options.h"
#include "muster/app/options/arguments.h"
#include "muster/app/options/resolve.h"
#include "muster/serve/doors.h"

namespace muster {

class Catalogue;

/// What `serve` or `work` was asked for.
struct ServeRequest {
  Arguments arguments;
  std::string address;  ///< of `work`: the server's
  Configuration configuration;
  Resolution resolution;
  std::string unused;  ///< a line that names keys of the file without use, or ""
};

/// Read the words behind the command; used by both programs. A worker without a file is resolved only by
/// resolve_with_server(), but for serve.*. Throw OptionError.
ServeRequest read_serve_request(const Catalogue& catalogue, const std::vector<std::string>& words);
ServeRequest read_work_request(const Catalogue& catalogue, const std::vector<std::string>& words);

/// The request of a worker without a file, over the configuration that its server has: `toml`, as it was
/// asked for. Where files of the server lie, and what else is its own, does not count. Throws OptionError.
void resolve_with_server(const Catalogue& catalogue, const std::string& toml, ServeRequest& request);
/// Whether the worker has to ask its server for the configuration.
bool asks_server(const ServeRequest& request);

DoorOptions door_options(const ServeSection& serve);

/// What `muster status` was asked.
struct StatusRequest {
  Arguments arguments;
  Configuration configuration;
  std::string address;  ///< of the server
  double every = 0;     ///< seconds between two answers; 0: one is enough
};
StatusRequest read_status_request(const Catalogue& catalogue, const std::vector<std::string>& words);

}  // namespace muster
